//! Verbs that help a shell and a reader.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// A shell that can complete our verbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShellName {
    /// bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
    /// PowerShell
    Powershell,
}

/// Flags of `completions`.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// For which shell
    pub shell: ShellName,
}

/// Flags of `man`.
#[derive(Args, Debug)]
pub struct ManArgs {
    /// Write one page per verb into this folder (made when missing) instead of printing the first
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
}
