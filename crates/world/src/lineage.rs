//! Where a world comes from, and whether it may reach outside: a few words in the root page, which every copy of it sets
//! in the commit that makes it.

use base::{Epoch, PageBytes, WorldId};
use layout::schema::root;
use layout::{View, ViewError, area};

/// What the root page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Lineage {
    /// The world and the snapshot that it was copied from; none for one that was made new.
    pub origin: Option<(WorldId, Epoch)>,
    /// It does not reach outside until it is attached.
    pub is_detached: bool,
}

impl Lineage {
    /// Reads it from the root page.
    pub fn read(page: &PageBytes) -> Lineage {
        let word = |offset: u64| {
            let mut raw = [0u8; 8];
            raw.copy_from_slice(&page[offset as usize..offset as usize + 8]);
            raw
        };
        let mut id = [0u8; 16];
        id[..8].copy_from_slice(&word(root::ORIGIN_ID));
        id[8..].copy_from_slice(&word(root::ORIGIN_ID_END));
        let epoch = Epoch(u64::from_le_bytes(word(root::ORIGIN_EPOCH)));
        Lineage {
            origin: (id != [0; 16]).then_some((WorldId(id), epoch)),
            is_detached: u64::from_le_bytes(word(root::DETACHED)) != 0,
        }
    }

    /// Reads it through a view.
    ///
    /// # Errors
    /// When the root page cannot be read.
    pub fn of(view: &dyn View) -> Result<Lineage, ViewError> {
        let mut page = [0u8; base::PAGE_SIZE];
        view.read(area::ROOT, &mut page)?;
        Ok(Lineage::read(&page))
    }

    /// Sets it in the root page.
    pub fn write(&self, page: &mut PageBytes) {
        let (id, epoch) = self.origin.unwrap_or((WorldId([0; 16]), Epoch(0)));
        let mut set = |offset: u64, bytes: &[u8]| {
            page[offset as usize..offset as usize + 8].copy_from_slice(bytes);
        };
        set(root::ORIGIN_ID, &id.0[..8]);
        set(root::ORIGIN_ID_END, &id.0[8..]);
        set(root::ORIGIN_EPOCH, &epoch.0.to_le_bytes());
        set(root::DETACHED, &u64::from(self.is_detached).to_le_bytes());
    }
}
