//! Derivatives of residuals along a direction v of parameters.
//!
//! The networks at θ + εv carry jets with 0, 1 and 2 derivatives along ε; the residual programs read them.

use super::forward::Workspace;
use super::integrals::IntegralValues;
use super::sweep::EXTENSION;
use super::system::Block;
use super::tile::Tile;

impl Block {
    /// J v and the second derivative of r along v, scaled, at the points of a tile.
    pub(super) fn residual_along(
        &self,
        tile: &Tile,
        parameters: [&[f64]; 2],
        integrals: &IntegralValues,
        work: &mut Workspace,
        first: &mut [f64],
        second: &mut [f64],
    ) {
        self.along_direction(tile, parameters, integrals, work);
        self.scaled_rows(tile, &work.point, 0, first);
        self.scaled_rows(tile, &work.point, self.factors.len(), second);
    }

    /// Runs the program of derivatives along v at θ.
    pub(super) fn along_direction(
        &self,
        tile: &Tile,
        parameters: [&[f64]; 2],
        integrals: &IntegralValues,
        work: &mut Workspace,
    ) {
        if let Some(fused) = &self.fused {
            return self.fused_along(&**fused, tile, parameters, work);
        }
        work.for_networks(self.networks.len());
        for (n, network) in self.networks.iter().enumerate() {
            if let Some(network) = network {
                let buffers = &mut work.networks[n];
                network.along_direction(tile.stride, &tile.features[n], parameters, buffers, &mut work.scratch);
            }
        }
        self.gather_integrals(tile, integrals, EXTENSION, work);
        self.run_point_program(&self.second, tile, EXTENSION, work);
    }
}
