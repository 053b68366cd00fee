//! Instructions of AVX-512 as bytes (Intel's manual, volume 2, chapter 2.7), and as text if it is wanted.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// Number of a vector register, below 32.
pub(super) type Vector = u8;

/// General registers by their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct General(pub u8);

impl General {
    pub const RAX: Self = Self(0);
    pub const RDX: Self = Self(2);
    pub const RSP: Self = Self(4);
    pub const RSI: Self = Self(6);
    pub const R11: Self = Self(11);

    fn low(self) -> u8 {
        self.0 & 7
    }

    fn high(self) -> u8 {
        self.0 >> 3
    }
}

impl fmt::Display for General {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 8] = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"];
        match NAMES.get(usize::from(self.0)) {
            Some(name) => f.write_str(name),
            None => write!(f, "r{}", self.0),
        }
    }
}

/// A place in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// `base + index + offset`
    At { base: General, index: Option<General>, offset: i32 },
    /// A number behind the code, by its bits.
    Constant(u64),
}

/// The last operand of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    /// A register.
    Register(Vector),
    /// As many numbers as a register holds.
    Memory(Address),
    /// One number for all lanes.
    Broadcast(Address),
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register(register) => write!(f, "zmm{register}"),
            Self::Memory(address) => address.fmt(f),
            Self::Broadcast(address) => write!(f, "{address}{{1to}}"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At { base, index: Some(index), offset } => write!(f, "[{base}+{index}+{offset}]"),
            Self::At { base, index: None, offset } => write!(f, "[{base}+{offset}]"),
            Self::Constant(bits) => write!(f, "[constant {bits:#x}]"),
        }
    }
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Merge(k) => write!(f, "{{k{k}}}"),
            Self::Zero(k) => write!(f, "{{k{k}}}{{z}}"),
        }
    }
}

/// What an instruction is: the map of its opcode, the prefix, whether it is one of 64-bit lanes.
#[derive(Clone, Copy)]
pub(super) struct Form {
    pub name: &'static str,
    pub map: u8,
    pub prefix: u8,
    pub wide: bool,
    pub opcode: u8,
}

/// The opcode of stores, whose register is the last operand in the text.
pub(super) const STORE: u8 = 0x11;

/// Lanes that an instruction writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mask {
    /// All.
    None,
    /// Those of the mask register; the others keep what they have.
    Merge(u8),
    /// Those of the mask register; the others become 0.
    Zero(u8),
}

/// A jump whose target is set later.
pub(super) struct Jump(usize);

/// Code in the making.
pub(super) struct Encoder {
    bytes: Vec<u8>,
    text: Option<String>,
    constants: BTreeMap<u64, Vec<(usize, usize)>>,
}

impl Encoder {
    pub fn new(keep_text: bool) -> Self {
        Self { bytes: Vec::new(), text: keep_text.then(String::new), constants: BTreeMap::new() }
    }

    /// The code with the constants behind it, and the text.
    pub fn finish(mut self) -> (Vec<u8>, String) {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0xCC);
        for (bits, uses) in self.constants {
            let place = self.bytes.len();
            self.bytes.extend(bits.to_le_bytes());
            for (at, next) in uses {
                self.bytes[at..at + 4].copy_from_slice(&distance(next, place));
            }
        }
        (self.bytes, self.text.unwrap_or_default())
    }

    fn note(&mut self, line: fmt::Arguments<'_>) {
        if let Some(text) = &mut self.text {
            // Writing into a string never fails.
            let _ = writeln!(text, "  {line}");
        }
    }

    /// `reg = form(second, operand)`, or a store of `reg` where the form is one.
    pub fn vector(
        &mut self,
        form: Form,
        reg: u8,
        second: Option<Vector>,
        operand: Operand,
        mask: Mask,
        immediate: Option<u8>,
    ) {
        self.note_vector(form, reg, second, operand, mask, immediate);
        let second = second.unwrap_or(0);
        let (x, b, broadcast) = match operand {
            Operand::Register(r) => (r >> 4, r >> 3 & 1, 0),
            Operand::Memory(address) => (address.index().high(), address.base().high(), 0),
            Operand::Broadcast(address) => (address.index().high(), address.base().high(), 1),
        };
        let (zero, mask_register) = match mask {
            Mask::None => (0, 0),
            Mask::Merge(k) => (0, k),
            Mask::Zero(k) => (1, k),
        };
        let not = |bit: u8| (bit & 1) ^ 1;
        self.bytes.extend([
            0x62,
            not(reg >> 3) << 7 | not(x) << 6 | not(b) << 5 | not(reg >> 4) << 4 | form.map,
            u8::from(form.wide) << 7 | (!second & 15) << 3 | 1 << 2 | form.prefix,
            zero << 7 | 0b10 << 5 | broadcast << 4 | not(second >> 4) << 3 | mask_register,
            form.opcode,
        ]);
        let length = usize::from(immediate.is_some());
        match operand {
            Operand::Register(r) => self.bytes.push(0b11 << 6 | (reg & 7) << 3 | r & 7),
            Operand::Memory(address) | Operand::Broadcast(address) => self.address(reg, address, length),
        }
        self.bytes.extend(immediate);
    }

    fn note_vector(
        &mut self,
        form: Form,
        reg: u8,
        second: Option<Vector>,
        operand: Operand,
        mask: Mask,
        immediate: Option<u8>,
    ) {
        let kind = if immediate.is_some() { "k" } else { "zmm" };
        match (second, immediate) {
            (Some(second), Some(how)) => {
                self.note(format_args!("{} {kind}{reg}{mask}, zmm{second}, {operand}, {how:#04x}", form.name));
            }
            (Some(second), None) => self.note(format_args!("{} {kind}{reg}{mask}, zmm{second}, {operand}", form.name)),
            (None, _) if form.opcode == STORE => self.note(format_args!("{} {operand}{mask}, zmm{reg}", form.name)),
            (None, _) => self.note(format_args!("{} {kind}{reg}{mask}, {operand}", form.name)),
        }
    }

    /// The bytes that name a register and a place in memory; `behind` more bytes follow in the instruction.
    fn address(&mut self, reg: u8, address: Address, behind: usize) {
        match address {
            Address::At { base, offset, .. } => {
                let index = address.index();
                self.bytes.push(0b10 << 6 | (reg & 7) << 3 | 0b100);
                self.bytes.push(index.low() << 3 | base.low());
                self.bytes.extend(offset.to_le_bytes());
            }
            Address::Constant(bits) => {
                self.bytes.push((reg & 7) << 3 | 0b101);
                let at = self.bytes.len();
                self.bytes.extend([0; 4]);
                self.constants.entry(bits).or_default().push((at, at + 4 + behind));
            }
        }
    }

    /// Bytes of an instruction of general registers.
    pub fn general(&mut self, bytes: &[u8], text: &str) {
        self.bytes.extend(bytes);
        self.note(format_args!("{text}"));
    }

    /// `to = *(base + offset)`, a word.
    pub fn load_word(&mut self, to: General, base: General, offset: i32) {
        self.bytes.extend([0x48 | to.high() << 2 | base.high(), 0x8B]);
        self.address(to.0, Address::At { base, index: None, offset }, 0);
        self.note(format_args!("mov {to}, [{base}+{offset}]"));
    }

    pub fn push(&mut self, register: General) {
        self.bytes.extend([0x40 | register.high(), 0x50 | register.low()]);
        self.note(format_args!("push {register}"));
    }

    pub fn pop(&mut self, register: General) {
        self.bytes.extend([0x40 | register.high(), 0x58 | register.low()]);
        self.note(format_args!("pop {register}"));
    }

    /// Four bytes that are set later.
    pub fn reserve(&mut self) -> usize {
        self.bytes.extend([0; 4]);
        self.bytes.len() - 4
    }

    /// Sets bytes that were reserved.
    pub fn set(&mut self, place: usize, number: i32) {
        self.bytes[place..place + 4].copy_from_slice(&number.to_le_bytes());
    }

    /// Where the next instruction stands.
    pub fn here(&self) -> usize {
        self.bytes.len()
    }

    /// A jump forward on a condition (the low half of the opcode `0F 8x`).
    pub fn jump(&mut self, condition: u8, text: &str) -> Jump {
        self.bytes.extend([0x0F, 0x80 | condition, 0, 0, 0, 0]);
        self.note(format_args!("{text} forward"));
        Jump(self.bytes.len())
    }

    /// Sets the target of a jump to here.
    pub fn land(&mut self, jump: Jump) {
        let target = distance(jump.0, self.bytes.len());
        self.bytes[jump.0 - 4..jump.0].copy_from_slice(&target);
        self.note(format_args!("; from before"));
    }

    /// A jump back on a condition.
    pub fn jump_back(&mut self, condition: u8, target: usize, text: &str) {
        let next = self.bytes.len() + 6;
        self.bytes.extend([0x0F, 0x80 | condition]);
        self.bytes.extend(distance(next, target));
        self.note(format_args!("{text} back to byte {target}"));
    }
}

impl Address {
    /// The index, or the number that stands for none.
    fn index(self) -> General {
        match self {
            Self::At { index: Some(index), .. } => index,
            _ => General::RSP,
        }
    }

    fn base(self) -> General {
        match self {
            Self::At { base, .. } => base,
            Self::Constant(_) => General(0),
        }
    }
}

/// From the end of an instruction to a place, as the instruction says it.
fn distance(from: usize, to: usize) -> [u8; 4] {
    let distance = to as i64 - from as i64;
    i32::try_from(distance).expect("the longest body has a few thousand instructions").to_le_bytes()
}
