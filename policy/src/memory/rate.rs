//! The sliding window of 60 s: never more calls than the limit in any 60 s, whatever the limit, in a few hundred bytes.
//!
//! Calls are counted a second; the window is the current second and the 60 before it. So it is at most one second too
//! strict, and never too generous.

use crate::wire::UnixMicros;

const WINDOW_SECONDS: u64 = 60;
const CELLS: usize = 61;
const MICROS: u64 = 1_000_000;

/// The window of one line of keys. The clock may jump: time never runs backwards here, and after a jump back of more
/// than a window it stays full for a window, since nobody can know what was admitted when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The second of the newest count.
    head: u64,
    /// Full until this second, after a jump back.
    full_until: u64,
    /// Calls in the seconds `head`, `head - 1`, …; second `s` is counted at `s % CELLS`.
    cells: [u32; CELLS],
}

impl Default for Window {
    fn default() -> Self {
        Self { head: 0, full_until: 0, cells: [0; CELLS] }
    }
}

/// What the window says to a call, and what `X-RateLimit-*` tell the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Calls in any 60 s.
    pub limit: u32,
    /// Calls that may still follow at once.
    pub remaining: u32,
    /// Unix seconds at which room appears again.
    pub reset: u64,
}

impl Window {
    /// Counts a call, if there is room.
    ///
    /// # Errors
    /// The quota, when there is none; nothing was counted then.
    pub fn take(&mut self, limit: u32, now: UnixMicros) -> Result<Quota, Quota> {
        let second = self.advance(now / MICROS);
        let used = self.used();
        let quota = |remaining, reset| Quota { limit, remaining, reset };
        if second < self.full_until {
            return Err(quota(0, self.full_until));
        }
        if used >= u64::from(limit) {
            return Err(quota(0, self.reset()));
        }
        if let Some(cell) = self.cells.get_mut(index(second)) {
            *cell += 1;
        }
        let remaining = u32::try_from(u64::from(limit) - used - 1).unwrap_or(u32::MAX);
        Ok(quota(remaining, self.reset()))
    }

    /// What the window would say to a call now, without counting one.
    pub fn quota(&self, limit: u32, now: UnixMicros) -> Quota {
        let mut window = self.clone();
        let second = window.advance(now / MICROS);
        if second < window.full_until {
            return Quota { limit, remaining: 0, reset: window.full_until };
        }
        let remaining = u64::from(limit).saturating_sub(window.used());
        Quota { limit, remaining: u32::try_from(remaining).unwrap_or(u32::MAX), reset: window.reset() }
    }

    /// Moves the head to the given second and forgets what fell out of the window. Returns the second that counts.
    fn advance(&mut self, now: u64) -> u64 {
        if now + WINDOW_SECONDS < self.head {
            *self = Self { head: now, full_until: now + WINDOW_SECONDS, ..Self::default() };
        }
        let passed = now.saturating_sub(self.head).min(CELLS as u64);
        for second in (self.head + 1..).take(usize::try_from(passed).unwrap_or(CELLS)) {
            if let Some(cell) = self.cells.get_mut(index(second)) {
                *cell = 0;
            }
        }
        if passed == CELLS as u64 {
            self.cells = [0; CELLS];
        }
        self.head = self.head.max(now);
        self.head
    }

    fn used(&self) -> u64 {
        self.cells.iter().map(|count| u64::from(*count)).sum()
    }

    /// When the oldest counted second leaves the window.
    fn reset(&self) -> u64 {
        let oldest = self.head.saturating_sub(WINDOW_SECONDS);
        let (later, first) = self.cells.split_at_checked(index(oldest)).unwrap_or_default();
        let empty = first.iter().chain(later).take_while(|count| **count == 0).count() as u64;
        self.head.min(oldest + empty) + CELLS as u64
    }

    /// The length of what [`Window::write`] writes.
    pub const BYTES: usize = 16 + CELLS * 4;

    /// Appends it, for shared data.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.head.to_le_bytes());
        bytes.extend_from_slice(&self.full_until.to_le_bytes());
        bytes.extend_from_slice(self.cells.map(u32::to_le_bytes).as_flattened());
    }

    /// From what [`Window::write`] wrote.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk()?;
        let (full_until, rest) = rest.split_first_chunk()?;
        let (cells, []) = rest.as_chunks() else { return None };
        let mut window =
            Self { head: u64::from_le_bytes(*head), full_until: u64::from_le_bytes(*full_until), ..Self::default() };
        if cells.len() != CELLS {
            return None;
        }
        for (cell, bytes) in window.cells.iter_mut().zip(cells) {
            *cell = u32::from_le_bytes(*bytes);
        }
        Some(window)
    }
}

fn index(second: u64) -> usize {
    usize::try_from(second % CELLS as u64).unwrap_or_default()
}
