//! What callers of a compiled or interpreted tape see.

/// The largest number of points that scratch rows hold; longer calls are split.
pub const BLOCK: usize = 256;

/// A place in a buffer: row `r` of a call is `offset + r*row_stride ..+ count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Which of the buffers.
    pub buffer: usize,
    /// Where row 0 begins.
    pub offset: usize,
    /// From one row to the next.
    pub row_stride: usize,
}

/// A function of points: `inputs` numbers to `outputs` numbers at each.
pub trait PointProgram: Send + Sync {
    /// The number of inputs.
    fn inputs(&self) -> usize;

    /// The number of outputs.
    fn outputs(&self) -> usize;

    /// How many numbers `scratch` must have room for, whatever the rows and count of a call.
    fn scratch_len(&self) -> usize;

    /// Computes all outputs at `rows` times `count` points. Nothing is allocated.
    ///
    /// * `inputs`: where each input lies in `input_buffers`; a lane with `row_stride` 0 serves every row
    /// * `outputs`: where each output goes in `output_buffers`; lanes of outputs must not overlap
    /// * `scratch`: at least [`scratch_len`](Self::scratch_len) numbers, of any value before and after
    ///
    /// # Panics
    /// If a lane leaves its buffer, or a number of lanes or the length of `scratch` is wrong.
    #[expect(clippy::too_many_arguments, reason = "two sides of buffers and lanes, and the extent of the call")]
    fn run(
        &self,
        rows: usize,
        count: usize,
        input_buffers: &[&[f64]],
        inputs: &[Lane],
        output_buffers: &mut [&mut [f64]],
        outputs: &[Lane],
        scratch: &mut [f64],
    );
}

/// Checks that every lane lies in its buffer; `length` gives the lengths of the buffers.
///
/// # Panics
/// If one does not.
pub fn check_lanes(side: &str, rows: usize, count: usize, lanes: &[Lane], length: impl Fn(usize) -> Option<usize>) {
    if rows == 0 || count == 0 {
        return;
    }
    for (i, lane) in lanes.iter().enumerate() {
        let end = (rows - 1)
            .checked_mul(lane.row_stride)
            .and_then(|start| start.checked_add(lane.offset))
            .and_then(|start| start.checked_add(count));
        let length = length(lane.buffer);
        assert!(
            end.is_some_and(|end| length.is_some_and(|length| end <= length)),
            "{side} {i} of a point program: {lane:?} with {rows} rows of {count} points leaves its buffer of {length:?}"
        );
    }
}

/// Checks all that [`PointProgram::run`] asks of its arguments.
///
/// # Panics
/// If something is wrong.
pub(crate) fn check_call(
    program: &impl PointProgram,
    (rows, count): (usize, usize),
    (input_buffers, inputs): (&[&[f64]], &[Lane]),
    (output_buffers, outputs): (&[&mut [f64]], &[Lane]),
    scratch: usize,
) {
    assert_eq!(inputs.len(), program.inputs(), "input lanes of a point program");
    assert_eq!(outputs.len(), program.outputs(), "output lanes of a point program");
    assert!(
        scratch >= program.scratch_len(),
        "scratch of {scratch} for a program that needs {}",
        program.scratch_len()
    );
    check_lanes("input", rows, count, inputs, |b| input_buffers.get(b).map(|buffer| buffer.len()));
    check_lanes("output", rows, count, outputs, |b| output_buffers.get(b).map(|buffer| buffer.len()));
}
