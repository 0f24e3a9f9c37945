//! Scenarios: one TOML file says who there is, what comes in and what must happen. Played against the
//! real gate, flow and sandbox, and against the simulator, on a clock that stands still.

mod compare;
mod fields;
mod file;
mod look;
mod masks;
mod play;
mod recorded;
mod step;
mod tell;
mod update;
mod watch;
mod world;

pub mod junit;

pub(crate) use look::{reasons, words};

pub use file::{File, Problem};
pub use play::{Failure, Played, play};
pub use recorded::recorded;
pub use tell::{answer, tell};
pub use update::update;
