//! The instructions that bodies are made of.

use super::encode::{Form, STORE};
use crate::tape::{Binary, Ternary};
use crate::vmath::services::Scalar;

/// The instructions for one type of numbers.
#[derive(Clone, Copy)]
pub(super) struct Forms {
    scalar: Scalar,
}

/// Comparisons as immediates of `vcmp`, none of which raises flags.
pub(super) mod compare {
    pub const EQUAL: u8 = 0x00;
    pub const NOT_EQUAL: u8 = 0x04;
    pub const LESS: u8 = 0x11;
    pub const LESS_EQUAL: u8 = 0x12;
    pub const GREATER_EQUAL: u8 = 0x1D;
    pub const GREATER: u8 = 0x1E;
}

impl Forms {
    pub fn new(scalar: Scalar) -> Self {
        Self { scalar }
    }

    /// One of the map 0F, whose prefix tells the type.
    fn short(self, double: &'static str, single: &'static str, opcode: u8) -> Form {
        match self.scalar {
            Scalar::F64 => Form { name: double, map: 1, prefix: 1, wide: true, opcode },
            Scalar::F32 => Form { name: single, map: 1, prefix: 0, wide: false, opcode },
        }
    }

    /// One with the prefix 66, whose width tells the type.
    fn long(self, map: u8, double: &'static str, single: &'static str, opcode: u8) -> Form {
        let wide = self.scalar == Scalar::F64;
        Form { name: if wide { double } else { single }, map, prefix: 1, wide, opcode }
    }

    pub fn load(self) -> Form {
        self.short("vmovupd", "vmovups", 0x10)
    }

    pub fn store(self) -> Form {
        self.short("vmovupd", "vmovups", STORE)
    }

    /// The lowest number to memory.
    pub fn store_first(self) -> Form {
        let wide = self.scalar == Scalar::F64;
        let (name, prefix) = if wide { ("vmovsd", 3) } else { ("vmovss", 2) };
        Form { name, map: 1, prefix, wide, opcode: STORE }
    }

    pub fn broadcast(self) -> Form {
        let opcode = if self.scalar == Scalar::F64 { 0x19 } else { 0x18 };
        self.long(2, "vbroadcastsd", "vbroadcastss", opcode)
    }

    pub fn sqrt(self) -> Form {
        self.short("vsqrtpd", "vsqrtps", 0x51)
    }

    pub fn compare(self) -> Form {
        self.short("vcmppd", "vcmpps", 0xC2)
    }

    pub fn blend(self) -> Form {
        self.long(2, "vblendmpd", "vblendmps", 0x65)
    }

    pub fn and(self) -> Form {
        self.long(1, "vpandq", "vpandd", 0xDB)
    }

    pub fn xor(self) -> Form {
        self.long(1, "vpxorq", "vpxord", 0xEF)
    }

    /// An operation of two operands; none for those that compare.
    pub fn binary(self, op: Binary) -> Option<Form> {
        Some(match op {
            Binary::Add => self.short("vaddpd", "vaddps", 0x58),
            Binary::Sub => self.short("vsubpd", "vsubps", 0x5C),
            Binary::Mul => self.short("vmulpd", "vmulps", 0x59),
            Binary::Div => self.short("vdivpd", "vdivps", 0x5E),
            Binary::Min => self.short("vminpd", "vminps", 0x5D),
            Binary::Max => self.short("vmaxpd", "vmaxps", 0x5F),
            Binary::Equal | Binary::Less | Binary::LessEqual => return None,
        })
    }

    /// `z = x·y ± z`, where z is the register that is written.
    pub fn fused_to_sum(self, op: Ternary) -> Form {
        match op {
            Ternary::Fms => self.long(2, "vfmsub231pd", "vfmsub231ps", 0xBA),
            Ternary::Fnma => self.long(2, "vfnmadd231pd", "vfnmadd231ps", 0xBC),
            Ternary::Fma | Ternary::Select => self.long(2, "vfmadd231pd", "vfmadd231ps", 0xB8),
        }
    }

    /// `x = x·y ± z`, where x is the register that is written.
    pub fn fused_to_factor(self, op: Ternary) -> Form {
        match op {
            Ternary::Fms => self.long(2, "vfmsub213pd", "vfmsub213ps", 0xAA),
            Ternary::Fnma => self.long(2, "vfnmadd213pd", "vfnmadd213ps", 0xAC),
            Ternary::Fma | Ternary::Select => self.long(2, "vfmadd213pd", "vfmadd213ps", 0xA8),
        }
    }

    /// The bits of a number, in a word of which single precision uses the lower half.
    pub fn bits(self, number: f64) -> u64 {
        match self.scalar {
            Scalar::F64 => number.to_bits(),
            Scalar::F32 => (number as f32).to_bits().into(),
        }
    }

    /// All bits but that of the sign.
    pub fn magnitude(self) -> u64 {
        self.bits(-0.0) - 1
    }
}
