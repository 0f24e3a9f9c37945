//! What a guest logged in one call, bounded: lines over a limit are counted, not kept.

use crate::mask::mask_digits;

/// Severity of a line, as the guest gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For the author only.
    Debug,
    /// News.
    Info,
    /// Something is odd.
    Warn,
    /// Something failed.
    Error,
}

impl LogLevel {
    /// Name in columns, JSON and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
        }
    }
}

/// Collects lines until a limit, then counts.
pub(crate) struct LogSink {
    lines: Vec<(LogLevel, String)>,
    bytes: usize,
    dropped: u32,
    max_lines: usize,
    max_bytes: usize,
    max_line_bytes: usize,
}

impl LogSink {
    pub(crate) fn new(max_lines: usize, max_bytes: usize, max_line_bytes: usize) -> LogSink {
        LogSink {
            lines: Vec::new(),
            bytes: 0,
            dropped: 0,
            max_lines,
            max_bytes,
            max_line_bytes,
        }
    }

    /// Keeps `text` as one line, cut to the line limit, or counts it as dropped.
    pub(crate) fn push(&mut self, level: LogLevel, text: &str) {
        // A zero byte cannot be stored everywhere.
        let kept = mask_digits(cut(text, self.max_line_bytes)).replace('\0', " ");
        let room = self.max_bytes.saturating_sub(self.bytes);
        if self.lines.len() >= self.max_lines || kept.len() > room {
            self.drop_line();
            return;
        }
        self.bytes = self.bytes.saturating_add(kept.len());
        self.lines.push((level, kept));
    }

    /// Counts a line that is not kept.
    pub(crate) fn drop_line(&mut self) {
        self.dropped = self.dropped.saturating_add(1);
    }

    /// The lines in order, and how many were dropped.
    pub(crate) fn take(&mut self) -> (Vec<(LogLevel, String)>, u32) {
        (std::mem::take(&mut self.lines), self.dropped)
    }

    pub(crate) fn max_line_bytes(&self) -> usize {
        self.max_line_bytes
    }
}

/// The longest beginning of `text` of at most `max` bytes that ends at a character boundary.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_after_the_last_allowed_is_counted_and_not_kept() {
        let mut sink = LogSink::new(2, 100, 10);
        for _ in 0..5 {
            sink.push(LogLevel::Info, "hola");
        }
        let (lines, dropped) = sink.take();
        assert_eq!((lines.len(), dropped), (2, 3));
    }

    #[test]
    fn a_long_line_is_cut_at_a_character() {
        let mut sink = LogSink::new(2, 100, 4);
        sink.push(LogLevel::Warn, "añoso");
        sink.push(LogLevel::Warn, "ñññ");
        let (lines, _) = sink.take();
        assert_eq!(lines.first().unwrap().1, "año");
        assert_eq!(lines.last().unwrap().1, "ññ");
    }

    #[test]
    fn the_total_is_bounded_to_the_byte() {
        let mut sink = LogSink::new(10, 8, 4);
        sink.push(LogLevel::Info, "1234");
        sink.push(LogLevel::Info, "1234");
        sink.push(LogLevel::Info, "1");
        let (lines, dropped) = sink.take();
        assert_eq!((lines.len(), dropped), (2, 1));
    }
}
