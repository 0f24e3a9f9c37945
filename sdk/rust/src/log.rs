//! Lines for the author. Permission `log`; without it they vanish.
//!
//! At most 4 KiB a line, 64 lines and 32 KiB a call. No personal data belongs in here.

/// How loud a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Kept only when the operator asks for it.
    Debug,
    /// Normal.
    Info,
    /// Worth a look.
    Warn,
    /// Something is broken.
    Error,
}

/// Writes a line at [`Level::Debug`].
pub fn debug(line: impl AsRef<str>) {
    write(Level::Debug, line.as_ref());
}

/// Writes a line at [`Level::Info`].
pub fn info(line: impl AsRef<str>) {
    write(Level::Info, line.as_ref());
}

/// Writes a line at [`Level::Warn`].
pub fn warn(line: impl AsRef<str>) {
    write(Level::Warn, line.as_ref());
}

/// Writes a line at [`Level::Error`].
pub fn error(line: impl AsRef<str>) {
    write(Level::Error, line.as_ref());
}

/// Writes a line.
pub fn write(level: Level, line: &str) {
    #[cfg(target_family = "wasm")]
    crate::convert::log(level, line);
    #[cfg(not(target_family = "wasm"))]
    crate::testing::fake::with(|host| host.log(level, line));
}
