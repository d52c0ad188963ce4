//! [`SimMapper`]: a world in plain anonymous memory, with every page read at the start.
//! [`paging_mapper`]: a world whose pages come and go.

use host::{Fatal, Placement, SoftMapper, UffdMapper};

use base::{PAGE_SIZE, PageBytes, PageIndex, PageRange, WORLD_SIZE};
use memmap2::{MmapMut, MmapOptions};
use platform::{ANNOUNCED_BYTES, MapperError, PageMapper, PageSource, Paging};
use std::sync::{Arc, Mutex, PoisonError};

/// A mapper without system calls after its start: what it does depends on its calls alone.
///
/// Each takes 16 TiB of address space (not of memory), so a process holds a handful at a time.
pub struct SimMapper {
    host_base: usize,
    /// Touched here only where no one else may: before the start, and in pages that are dead.
    map: Mutex<MmapMut>,
    announced: MmapMut,
    installed: Mutex<u64>,
}

impl SimMapper {
    /// A new, empty world somewhere in the address space.
    ///
    /// # Errors
    /// When the system does not grant the address space.
    pub fn new() -> Result<SimMapper, MapperError> {
        let refused = |error: std::io::Error| MapperError {
            what: "mapping 16 TiB for a simulated world".into(),
            reason: error.to_string(),
        };
        let zeros = |len: u64| MmapOptions::new().len(len as usize).no_reserve_swap().map_anon();
        let map = zeros(WORLD_SIZE).map_err(refused)?;
        Ok(SimMapper {
            host_base: map.as_ptr().addr(),
            map: Mutex::new(map),
            announced: zeros(ANNOUNCED_BYTES).map_err(refused)?,
            installed: Mutex::new(0),
        })
    }

    fn with_pages(&self, pages: PageRange, change: impl FnOnce(&mut [u8])) {
        let start = (u64::from(pages.first.0) * PAGE_SIZE as u64) as usize;
        let mut map = self.map.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut map[start..start + pages.count as usize * PAGE_SIZE]);
    }
}

/// Pages that come in and go together, by seed; zero stands for `userfaultfd`, page by page.
const REGION_PAGES: [u64; 4] = [1, 4, 16, 0];

/// One of the host's mappers, without a bound: a page comes in when it is touched, and goes only when
/// [`PageMapper::evict`] is called. So with all halves of a world stepped by one thread, one seed is one run, though
/// missing pages are trapped by the processor: whoever touches one stands still until it is there.
///
/// One seed in four has a [`host::UffdMapper`] (where the kernel can), the others a [`host::SoftMapper`].
///
/// # Errors
/// When the system does not grant the address space.
pub fn paging_mapper(seed: u64) -> Result<Arc<dyn PageMapper>, MapperError> {
    let fatal = Fatal::call(|message| {
        eprintln!("{message}");
        std::process::abort();
    });
    let region_pages = REGION_PAGES[(seed % REGION_PAGES.len() as u64) as usize];
    if region_pages == 0
        && let Ok(mapper) = UffdMapper::new(Placement::Anywhere, fatal.clone())
        && mapper.can_evict()
    {
        return Ok(Arc::new(mapper));
    }
    Ok(Arc::new(SoftMapper::new(Placement::Anywhere, fatal, region_pages.max(1))?))
}

impl PageMapper for SimMapper {
    fn host_base(&self) -> usize {
        self.host_base
    }
    fn announced(&self) -> usize {
        self.announced.as_ptr().expose_provenance()
    }
    fn paging(&self) -> Paging {
        Paging::Eager
    }
    fn name(&self) -> &'static str {
        "simulated"
    }
    fn start(&self, _source: Arc<dyn PageSource>, _scratch: PageRange) -> Result<(), MapperError> {
        Ok(())
    }
    fn install(&self, page: PageIndex, bytes: &PageBytes) -> Result<(), MapperError> {
        self.with_pages(PageRange { first: page, count: 1 }, |to| to.copy_from_slice(bytes));
        *self.installed.lock().unwrap_or_else(PoisonError::into_inner) += PAGE_SIZE as u64;
        Ok(())
    }
    fn discard(&self, pages: PageRange) -> Result<(), MapperError> {
        self.with_pages(pages, |range| {
            for page in range.chunks_exact_mut(PAGE_SIZE) {
                // Reading first keeps pages that were never written out of memory.
                if page.iter().any(|byte| *byte != 0) {
                    page.fill(0);
                }
            }
        });
        Ok(())
    }
    /// Bytes installed since the start; what the program touched is not counted.
    fn resident_bytes(&self) -> u64 {
        *self.installed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
