//! Which library a world runs on, and where the classes of its programs are: noted in the world, so that one that goes on
//! finds what it has not loaded yet, and never in another release.
//!
//! Written down as strings in an array of `java_state`: the identity of the library, its version, the class path as it was
//! given, then two for each place.

use crate::Vm;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base::Addr;
use layout::schema::{array, java_state, root};
use layout::{Value, View, ViewError, area};

/// A class library, as whoever keeps it calls it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LibraryName {
    /// Hash of its contents; empty as long as the world has no class of one.
    pub id: String,
    /// Its version, for people.
    pub version: String,
}

/// A folder or jar in which programs have classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassPlace {
    /// Absolute path.
    pub path: String,
    /// What tells its contents from others, if it is a file; else empty.
    pub mark: String,
}

/// What a world notes of its Java classes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JavaSources {
    /// The library.
    pub library: LibraryName,
    /// The class path of its programs as they were given it, `:` between the entries: what the library sees.
    pub class_path: String,
    /// Where the classes of its programs are, in the order in which they are searched.
    pub places: Vec<ClassPlace>,
}

impl JavaSources {
    /// What a world notes; nothing when it has no Java classes.
    ///
    /// # Errors
    /// When a page cannot be read or is not what the schema says.
    pub fn of(view: &dyn View) -> Result<JavaSources, ViewError> {
        let mut sources = JavaSources::default();
        let Some(state) = view.object(area::ROOT.add(root::JAVA_STATE))? else { return Ok(sources) };
        if view.elements(state)?.len() as u64 <= java_state::LIBRARY {
            return Ok(sources);
        }
        let Some(list) = view.object(state.add(array::DATA + 8 * java_state::LIBRARY))? else {
            return Ok(sources);
        };
        let count = view.elements(list)?.len() as u64;
        let texts: Result<Vec<String>, ViewError> =
            (0..count).map(|index| view.string_at(list.add(array::DATA + 8 * index))).collect();
        let texts = texts?;
        let Some(([id, version, class_path], places)) = texts.split_first_chunk() else {
            return Ok(sources);
        };
        sources.library = LibraryName { id: id.clone(), version: version.clone() };
        sources.class_path = class_path.clone();
        let (places, _) = places.as_chunks();
        sources.places =
            places.iter().map(|[path, mark]| ClassPlace { path: path.clone(), mark: mark.clone() }).collect();
        Ok(sources)
    }
}

impl Vm {
    /// What the world notes of its Java classes.
    ///
    /// # Errors
    /// When the world is damaged.
    pub fn java_sources(&self) -> Result<JavaSources, ViewError> {
        JavaSources::of(&crate::inspect::MemoryView(&self.memory))
    }

    /// Notes something else.
    pub fn set_java_sources(&mut self, sources: &JavaSources) {
        let JavaSources { library, class_path, places } = sources;
        let places = places.iter().flat_map(|place| [&place.path, &place.mark]);
        let head = [&library.id, &library.version, class_path];
        let texts: Vec<String> = head.into_iter().chain(places).map(ToString::to_string).collect();
        let made = self.make_strings(&texts);
        self.set_java_state(java_state::LIBRARY, Value::object(made));
    }

    /// Notes the library that a class came from, unless the world has one already.
    pub(crate) fn note_library(&mut self, library: LibraryName) {
        if let Ok(known) = self.java_sources()
            && known.library.id.is_empty()
        {
            self.set_java_sources(&JavaSources { library, ..known });
        }
    }

    /// Sets a static field of a class by name, if the class is initialised.
    pub fn set_java_static(&mut self, owner: &str, name: &str, bits: u64) {
        if let Some(target) = self.static_named(owner, name) {
            self.store_field(Addr::NULL, target, bits);
        }
    }
    /// Reads a static field of a class by name; `None` when the class is not initialised.
    pub fn java_static(&self, owner: &str, name: &str) -> Option<u64> {
        self.static_named(owner, name).map(|target| self.load_field(Addr::NULL, target))
    }
    fn static_named(&self, owner: &str, name: &str) -> Option<Addr> {
        let owner = self.known_class(owner).filter(|owner| !self.wants_initialising(*owner))?;
        self.field_named(owner, name)
    }
}
