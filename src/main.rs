//! The command line of dryroll.

fn main() {}
