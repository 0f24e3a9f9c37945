//! Tells Cargo that a new migration file is a reason to build again.

fn main() {
    #[expect(clippy::print_stdout, reason = "this is how a build script talks to Cargo")]
    {
        println!("cargo:rerun-if-changed=migrations");
    }
}
