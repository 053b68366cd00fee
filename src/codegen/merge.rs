//! Copies services from the object that the build made into an object file.
//!
//! Only what is reached from the symbols that are called is taken, section by section: the compiler that made it puts
//! every function into one of its own. All symbols become local, so that objects with the same services can be linked
//! together.

use object::read::{Object as _, ObjectSection as _, ObjectSymbol as _};
use object::write::{self, StandardSection, Symbol, SymbolSection};
use object::{RelocationTarget, SectionIndex, SectionKind, SymbolFlags, SymbolIndex, SymbolKind, SymbolScope, read};
use rustc_hash::FxHashMap;

use super::CodegenError;

/// The services, compiled by the build.
static SERVICES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/services.o"));

/// Whether the build could make them for the format of this machine.
pub fn is_supported() -> bool {
    !SERVICES.is_empty()
}

/// Defines all of these undefined symbols of an object.
pub(super) fn add_services(file: &mut write::Object<'_>, symbols: &[String]) -> Result<(), CodegenError> {
    if symbols.is_empty() {
        return Ok(());
    }
    let library = read::File::parse(SERVICES).map_err(|_| CodegenError::Format)?;
    let wrong = |what: &str| CodegenError::Object(format!("{what} in the library of services"));
    let defined: FxHashMap<&str, SymbolIndex> = library
        .symbols()
        .filter(|symbol| symbol.is_definition())
        .filter_map(|symbol| Some((symbol.name().ok()?, symbol.index())))
        .collect();
    let mut merge = Merge { library: &library, defined, sections: FxHashMap::default(), open: Vec::new() };
    for name in symbols {
        let index = *merge.defined.get(name.as_str()).ok_or_else(|| wrong(&format!("no `{name}`")))?;
        let (section, value) = merge.place(file, index)?;
        let id = file.symbol_id(name.as_bytes()).ok_or_else(|| wrong(&format!("nobody calls `{name}`")))?;
        let symbol = file.symbol_mut(id);
        symbol.section = SymbolSection::Section(section);
        (symbol.value, symbol.kind, symbol.scope) = (value, SymbolKind::Text, SymbolScope::Compilation);
        symbol.weak = false;
    }
    while let Some(index) = merge.open.pop() {
        merge.relocate(file, index)?;
    }
    Ok(())
}

struct Merge<'a> {
    library: &'a read::File<'static>,
    defined: FxHashMap<&'a str, SymbolIndex>,
    /// Where each section that was taken begins in the object.
    sections: FxHashMap<SectionIndex, (write::SectionId, u64)>,
    /// Sections whose relocations are still to be copied.
    open: Vec<SectionIndex>,
}

impl Merge<'_> {
    /// The place of a symbol in the object; its section is taken if it was not.
    fn place(
        &mut self,
        file: &mut write::Object<'_>,
        index: SymbolIndex,
    ) -> Result<(write::SectionId, u64), CodegenError> {
        let error = |e: object::read::Error| CodegenError::Object(e.to_string());
        let symbol = self.library.symbol_by_index(index).map_err(error)?;
        let section = match symbol.section_index() {
            Some(section) => section,
            None => {
                // A name that another function of the library defines.
                let name = symbol.name().map_err(error)?;
                let unknown = || CodegenError::Object(format!("the library of services lacks `{name}`"));
                let index = *self.defined.get(name).ok_or_else(unknown)?;
                return self.place(file, index);
            }
        };
        let (id, start) = match self.sections.get(&section) {
            Some(place) => *place,
            None => self.take(file, section)?,
        };
        Ok((id, start + symbol.address()))
    }

    fn take(
        &mut self,
        file: &mut write::Object<'_>,
        index: SectionIndex,
    ) -> Result<(write::SectionId, u64), CodegenError> {
        let error = |e: object::read::Error| CodegenError::Object(e.to_string());
        let section = self.library.section_by_index(index).map_err(error)?;
        let kind = match section.kind() {
            SectionKind::Text => StandardSection::Text,
            SectionKind::ReadOnlyDataWithRel => StandardSection::ReadOnlyDataWithRel,
            SectionKind::ReadOnlyData | SectionKind::ReadOnlyString => StandardSection::ReadOnlyData,
            // State is what services must not have.
            other => {
                return Err(CodegenError::Object(format!("a section of kind {other:?} in the library of services")));
            }
        };
        let id = file.section_id(kind);
        let start = file.append_section_data(id, section.data().map_err(error)?, section.align().max(1));
        self.sections.insert(index, (id, start));
        self.open.push(index);
        Ok((id, start))
    }

    fn relocate(&mut self, file: &mut write::Object<'_>, index: SectionIndex) -> Result<(), CodegenError> {
        let error = |e: object::read::Error| CodegenError::Object(e.to_string());
        let (id, start) = self.sections[&index];
        let section = self.library.section_by_index(index).map_err(error)?;
        for (offset, relocation) in section.relocations() {
            let RelocationTarget::Symbol(target) = relocation.target() else {
                return Err(CodegenError::Object("a relocation without a symbol".to_owned()));
            };
            let (section, value) = self.place(file, target)?;
            // A symbol a relocation: the object has no other use for them, and the linker drops them.
            let symbol = file.add_symbol(Symbol {
                name: Vec::new(),
                value,
                size: 0,
                kind: SymbolKind::Text,
                scope: SymbolScope::Compilation,
                weak: false,
                section: SymbolSection::Section(section),
                flags: SymbolFlags::None,
            });
            let copied = write::Relocation {
                offset: start + offset,
                symbol,
                addend: relocation.addend(),
                flags: relocation.flags(),
            };
            file.add_relocation(id, copied).map_err(|e| CodegenError::Object(e.to_string()))?;
        }
        Ok(())
    }
}
