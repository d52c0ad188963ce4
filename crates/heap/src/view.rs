//! The heap as it stands in a snapshot, read through a view: nothing is mapped, nothing is trusted, nothing is written.
//!
//! For tools: what objects there are, on which pages, and what they refer to. [`verify`] is [`Heap::verify`](crate::Heap)
//! for a snapshot that nobody has mapped.

use crate::format::{
    CELL_BYTES, Extent, LARGE_PAGES_MAX, LARGE_TABLE, REGION_BYTES, REGIONS_MAX, SIZE_CLASSES, STATE,
    STATE_MAGIC, Use, cells_of, large_page_of, large_page_start, record, region_of, region_record,
    region_start, state,
};
use crate::heap::Object;
use crate::verify::{Damage, HeapReport};
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use base::{Addr, PAGE_SHIFT, PAGE_SIZE, PageIndex};
use layout::area::{LARGE, OBJECTS};
use layout::schema::{Shape, array, class, header};
use layout::value::Unpacked;
use layout::{Value, View, ViewError};

/// Damages reported at most.
const DAMAGES_MAX: usize = 100;
/// References that are read at once.
const RUN_MAX: usize = 512;

/// What a class says of its instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassShape {
    /// How size and references are found.
    pub shape: Shape,
    /// log2 of the size of an element.
    pub element_log2: u8,
    /// Bytes of an instance, header included.
    pub instance_bytes: u64,
    /// Runs of references in an instance: offset in bytes and count.
    pub runs: Vec<(u32, u32)>,
}

/// The heap of a snapshot, with what was learnt of its classes.
pub struct HeapView<'v> {
    view: &'v dyn View,
    regions_used: u64,
    large_pages_used: u64,
    shapes: BTreeMap<Addr, ClassShape>,
}

fn damaged<T>(addr: Addr, expected: &'static str) -> Result<T, ViewError> {
    Err(ViewError::Damaged { addr, expected })
}

impl<'v> HeapView<'v> {
    /// The heap of a snapshot.
    ///
    /// # Errors
    /// When its state cannot be read or is not one.
    pub fn new(view: &'v dyn View) -> Result<HeapView<'v>, ViewError> {
        if view.u64(STATE.add(state::MAGIC))? != STATE_MAGIC {
            return damaged(STATE, "state of the heap in this format");
        }
        let regions_used = view.u64(STATE.add(state::REGIONS_USED))?;
        let large_pages_used = view.u64(STATE.add(state::LARGE_PAGES_USED))?;
        if regions_used > REGIONS_MAX || large_pages_used > LARGE_PAGES_MAX {
            return damaged(STATE, "state of the heap within its areas");
        }
        Ok(HeapView { view, regions_used, large_pages_used, shapes: BTreeMap::new() })
    }

    /// What is read through.
    pub fn view(&self) -> &'v dyn View {
        self.view
    }

    /// Bytes that objects and their cells take.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn bytes(&self) -> Result<u64, ViewError> {
        let cells = self.view.u64(STATE.add(state::CELL_BYTES))?;
        Ok(cells.saturating_add(self.view.u64(STATE.add(state::LARGE_BYTES))?))
    }

    fn size_class(&self, region: u64) -> Result<Option<usize>, ViewError> {
        let at = region_record(region).add(record::CLASS);
        match self.view.u32(at)? as usize {
            0 => Ok(None),
            number if number <= SIZE_CLASSES => Ok(Some(number - 1)),
            _ => damaged(at, "size class"),
        }
    }

    /// Calls `found` with each object, region by region; goes on behind what is damaged only if `found` says so.
    ///
    /// # Errors
    /// When a page cannot be read, or what `found` says.
    pub fn for_each_object(
        &self,
        found: &mut dyn FnMut(Object) -> Result<(), ViewError>,
    ) -> Result<(), ViewError> {
        for region in 0..self.regions_used {
            self.cells_between(region, 0, REGION_BYTES, found)?;
        }
        let mut page = 0;
        while page < self.large_pages_used {
            let Some(extent) = self.extent(page)? else {
                return damaged(LARGE_TABLE.add(page * 8), "extent of large pages");
            };
            if extent.usage == Use::Taken {
                found(self.object(large_page_start(page), extent.pages << PAGE_SHIFT)?)?;
            }
            page += extent.pages.max(1);
        }
        Ok(())
    }

    /// Calls `found` with each object of which some byte lies on `page`.
    ///
    /// # Errors
    /// As [`HeapView::for_each_object`].
    pub fn objects_on(
        &self,
        page: PageIndex,
        found: &mut dyn FnMut(Object) -> Result<(), ViewError>,
    ) -> Result<(), ViewError> {
        let start = page.addr();
        if OBJECTS.contains(start) {
            let region = region_of(start);
            if region >= self.regions_used {
                return Ok(());
            }
            let from = start.0 - region_start(region).0;
            return self.cells_between(region, from, from + PAGE_SIZE as u64, found);
        }
        if !LARGE.contains(start) || large_page_of(start) >= self.large_pages_used {
            return Ok(());
        }
        let mut first = large_page_of(start);
        // The words of all pages of an extent but its first are zero.
        while self.view.u64(LARGE_TABLE.add(first * 8))? == 0 && first > 0 {
            first -= 1;
        }
        match self.extent(first)? {
            Some(extent) if extent.usage == Use::Taken => {
                found(self.object(large_page_start(first), extent.pages << PAGE_SHIFT)?)
            }
            _ => Ok(()),
        }
    }

    /// Each cell in use that overlaps the bytes `from..to` of a region.
    fn cells_between(
        &self,
        region: u64,
        from: u64,
        to: u64,
        found: &mut dyn FnMut(Object) -> Result<(), ViewError>,
    ) -> Result<(), ViewError> {
        let Some(class) = self.size_class(region)? else { return Ok(()) };
        let size = u64::from(CELL_BYTES[class]);
        let (first, end) = (from / size, to.div_ceil(size).min(u64::from(cells_of(class))));
        let mut cell = first;
        while cell < end {
            let bits = self.view.u64(region_record(region).add(record::BITS + cell / 64 * 8))? >> (cell % 64);
            if bits == 0 {
                cell = (cell / 64 + 1) * 64;
                continue;
            }
            cell += u64::from(bits.trailing_zeros());
            if cell < end {
                found(self.object(region_start(region).add(cell * size), size)?)?;
            }
            cell += 1;
        }
        Ok(())
    }

    fn object(&self, addr: Addr, cell_bytes: u64) -> Result<Object, ViewError> {
        Ok(Object { addr, class: Addr(self.view.u64(addr.add(header::CLASS))?), cell_bytes })
    }

    fn extent(&self, page: u64) -> Result<Option<Extent>, ViewError> {
        self.view.u64(LARGE_TABLE.add(page * 8)).map(Extent::decode)
    }

    /// Whether an object begins at `addr`; the bytes that it has room for.
    ///
    /// # Errors
    /// When a page cannot be read.
    pub fn room_at(&self, addr: Addr) -> Result<Option<u64>, ViewError> {
        if OBJECTS.contains(addr) {
            let region = region_of(addr);
            if region >= self.regions_used {
                return Ok(None);
            }
            let Some(class) = self.size_class(region)? else { return Ok(None) };
            let size = u64::from(CELL_BYTES[class]);
            let offset = addr.0 - region_start(region).0;
            let cell = offset / size;
            if !offset.is_multiple_of(size) || cell >= u64::from(cells_of(class)) {
                return Ok(None);
            }
            let word = self.view.u64(region_record(region).add(record::BITS + cell / 64 * 8))?;
            return Ok((word >> (cell % 64) & 1 != 0).then_some(size));
        }
        if LARGE.contains(addr) {
            let page = large_page_of(addr);
            if page >= self.large_pages_used || large_page_start(page) != addr {
                return Ok(None);
            }
            let taken = self.extent(page)?.filter(|extent| extent.usage == Use::Taken);
            return Ok(taken.map(|extent| extent.pages << PAGE_SHIFT));
        }
        Ok(None)
    }

    /// What a class says of its instances.
    ///
    /// # Errors
    /// When it cannot be read or makes no sense.
    pub fn shape(&mut self, class: Addr) -> Result<&ClassShape, ViewError> {
        if !self.shapes.contains_key(&class) {
            let read = self.read_shape(class)?;
            self.shapes.insert(class, read);
        }
        self.shapes.get(&class).ok_or(ViewError::Damaged { addr: class, expected: "class" })
    }

    fn read_shape(&self, class: Addr) -> Result<ClassShape, ViewError> {
        let fits = self.room_at(class)?.is_some_and(|room| room >= class::SIZE);
        if !fits {
            return damaged(class, "class");
        }
        let mut bytes = [0u8; 2];
        self.view.read(class.add(class::SHAPE), &mut bytes)?;
        let (shape, element_log2) = (Shape::from_u8(bytes[0]), bytes[1]);
        let instance_bytes = u64::from(self.view.u32(class.add(class::INSTANCE_SIZE))?);
        let Some(shape) = shape.filter(|_| element_log2 <= 3) else {
            return damaged(class, "class with a shape");
        };
        let mut runs = Vec::new();
        if shape == Shape::Instance {
            if instance_bytes < header::SIZE || !instance_bytes.is_multiple_of(header::ALIGN) {
                return damaged(class, "class with a sound size of its instances");
            }
            let map = match self.view.object(class.add(class::REF_MAP))? {
                Some(map) => self.view.bytes(map)?,
                None => Vec::new(),
            };
            for pair in map.chunks_exact(8) {
                let number =
                    |at: usize| u32::from_le_bytes([pair[at], pair[at + 1], pair[at + 2], pair[at + 3]]);
                let (offset, count) = (number(0), number(4));
                let end = u64::from(offset) + u64::from(count) * 8;
                if u64::from(offset) < header::SIZE || !offset.is_multiple_of(8) || end > instance_bytes {
                    return damaged(class, "class with a sound map of references");
                }
                runs.push((offset, count));
            }
        }
        Ok(ClassShape { shape, element_log2, instance_bytes, runs })
    }

    /// Bytes of an object, header included.
    ///
    /// # Errors
    /// When it or its class cannot be read.
    pub fn object_bytes(&mut self, object: Addr, class: Addr) -> Result<u64, ViewError> {
        let shape = self.shape(class)?;
        let log2 = match shape.shape {
            Shape::Instance => return Ok(shape.instance_bytes),
            Shape::RefArray | Shape::Weak => 3,
            Shape::PrimArray | Shape::FrozenStack => shape.element_log2,
        };
        let length = self.view.u64(object.add(array::LENGTH))?;
        let bytes = length.saturating_mul(1 << log2).saturating_add(array::DATA);
        Ok(bytes.saturating_add(header::ALIGN - 1) & !(header::ALIGN - 1))
    }

    /// Calls `found` with the offset and the value of each reference in an object that is not null, its class word left out. In frozen
    /// stacks, whose maps of references only the machine knows, these are all words that are the address of an object.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn references(&mut self, object: Object, found: &mut dyn FnMut(u64, Value)) -> Result<(), ViewError> {
        let shape = self.shape(object.class)?.clone();
        match shape.shape {
            Shape::PrimArray => Ok(()),
            Shape::Instance => {
                for (offset, count) in shape.runs {
                    self.words(object.addr, u64::from(offset), u64::from(count), found)?;
                }
                Ok(())
            }
            Shape::RefArray | Shape::Weak => {
                let room = (object.cell_bytes - array::DATA) / 8;
                let length = self.view.u64(object.addr.add(array::LENGTH))?.min(room);
                self.words(object.addr, array::DATA, length, found)
            }
            Shape::FrozenStack => {
                let room = object.cell_bytes - array::DATA;
                let length = self.view.u64(object.addr.add(array::LENGTH))?.min(room);
                let mut words = Vec::new();
                self.words(object.addr, array::DATA, length / 8, &mut |offset, value| {
                    words.push((offset, value))
                })?;
                for (offset, value) in words {
                    if let Some(to) = value.as_object()
                        && self.room_at(to)?.is_some()
                    {
                        found(offset, value);
                    }
                }
                Ok(())
            }
        }
    }

    fn words(
        &self,
        object: Addr,
        from: u64,
        count: u64,
        found: &mut dyn FnMut(u64, Value),
    ) -> Result<(), ViewError> {
        let mut bytes = vec![0u8; RUN_MAX.min(count as usize) * 8];
        let mut done = 0;
        while done < count {
            let now = (count - done).min(RUN_MAX as u64);
            let part = &mut bytes[..now as usize * 8];
            self.view.read(object.add(from + done * 8), part)?;
            for (index, word) in part.chunks_exact(8).enumerate() {
                let mut raw = [0u8; 8];
                raw.copy_from_slice(word);
                let value = Value(u64::from_le_bytes(raw));
                if !value.is_null() {
                    found(from + (done + index as u64) * 8, value);
                }
            }
            done += now;
        }
        Ok(())
    }
}

/// Checks every object, class and reference of a snapshot; `progress` hears how many bytes of objects are done.
///
/// # Errors
/// When a page cannot be read; what does not fit together is no error but stands beside the report.
pub fn verify(
    view: &dyn View,
    progress: &mut dyn FnMut(u64),
) -> Result<(HeapReport, Vec<Damage>), ViewError> {
    let heap = HeapView::new(view)?;
    let mut checked = HeapView::new(view)?;
    let (mut report, mut damages) = (HeapReport::default(), Vec::new());
    let mut classes: BTreeMap<Addr, bool> = BTreeMap::new();
    let mut done = 0;
    heap.for_each_object(&mut |object| {
        done += object.cell_bytes;
        progress(done);
        if damages.len() >= DAMAGES_MAX {
            return Ok(());
        }
        let Object { addr, class, cell_bytes } = object;
        let sound = match classes.get(&class) {
            Some(sound) => *sound,
            None => {
                let sound = match checked.shape(class) {
                    Ok(_) => true,
                    Err(ViewError::Damaged { .. }) => false,
                    Err(error) => return Err(error),
                };
                classes.insert(class, sound);
                sound
            }
        };
        if !sound {
            damages.push(Damage::Class { object: addr, class, what: "it does not describe its instances" });
            return Ok(());
        }
        let bytes = checked.object_bytes(addr, class)?;
        if bytes > cell_bytes {
            damages.push(Damage::Size { object: addr, bytes, room: cell_bytes });
            return Ok(());
        }
        if LARGE.contains(addr) {
            report.large_objects += 1;
            report.large_bytes += cell_bytes;
        } else {
            report.objects += 1;
            report.object_bytes += bytes;
            report.cell_bytes += cell_bytes;
        }
        let mut values = Vec::new();
        checked.references(object, &mut |_, value| values.push(value))?;
        for value in values {
            let what = match value.unpack() {
                Unpacked::Object(to) => {
                    report.references += 1;
                    if heap.room_at(to)?.is_some() {
                        continue;
                    }
                    "no object begins there"
                }
                Unpacked::Reserved(_) => "no legal immediate",
                _ => continue,
            };
            damages.push(Damage::Reference { object: addr, value: value.0, what });
        }
        Ok(())
    })?;
    report.classes = classes.len() as u64;
    report.regions = heap.regions_used;
    Ok((report, damages))
}
