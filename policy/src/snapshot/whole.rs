//! A policy in the compact form as a whole, keys and all: for gates and people that want JSON.

use crate::snapshot::BadSnapshot;
use crate::snapshot::compact::{self, Frame};
use crate::snapshot::keys::Keys;
use crate::snapshot::pages::Held;
use crate::wire;

impl wire::Snapshot {
    /// Reads a policy in the compact form.
    ///
    /// # Errors
    /// If it is damaged or of another form.
    pub fn of_compact(bytes: Vec<u8>) -> Result<Self, BadSnapshot> {
        let start = compact::head(&bytes)?.len();
        let frame: Frame<wire::Model, wire::Permission> = compact::frame(&bytes)?;
        let behind_frame = bytes.len() - start;
        let keys = Keys::of(frame.users.clone(), frame.keys, Box::new(Held { bytes, start }), 0);
        keys.check_pages(behind_frame)?;
        Ok(Self {
            version: frame.version,
            epoch: frame.epoch,
            revision: frame.revision,
            settings: frame.settings,
            users: frame.users,
            keys: keys.entries().collect::<Result<_, _>>()?,
            permissions: frame.permissions,
            schema: frame.schema,
            pauses: frame.pauses,
            terminations: frame.terminations,
        })
    }
}
