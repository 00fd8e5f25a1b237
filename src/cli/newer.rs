//! The same program, compiled for newer processors, where it was installed beside this one (`deploy/portable/install`).
//!
//! Which instructions a program may use is settled when it is compiled, and to choose among functions at run time takes `unsafe`. So there
//! may be whole programs beside the plain one, named after the level of x86-64 that they are for, and the plain one hands over to the newest
//! that the processor can run. No result depends on it: floats are never contracted.

/// Hands over to the newest program beside this one that the processor can run. Returns where there is none, or the system refuses to start it.
#[cfg(all(unix, target_arch = "x86_64"))]
pub(super) fn hand_over() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;
    use std::{env, fs};

    let Ok(this) = env::current_exe() else { return };
    for level in levels::NEWEST_FIRST.iter().take_while(|level| !level.is_ours).filter(|level| (level.can_run)()) {
        let mut name = this.clone().into_os_string();
        name.push(".");
        name.push(level.name);
        // Not tried in vain: whoever asks the system for another program gives up how it takes signals, that of a closed pipe among them.
        if !fs::metadata(&name).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0) {
            continue;
        }
        let mut arguments = env::args_os();
        let mut other = Command::new(name);
        // By the name that it was called by, which its messages say.
        if let Some(called) = arguments.next() {
            other.arg0(called);
        }
        // It returns if the system refuses: this one goes on then.
        let _ = other.args(arguments).exec();
    }
}

/// Elsewhere there is one program.
#[cfg(not(all(unix, target_arch = "x86_64")))]
pub(super) const fn hand_over() {}

#[cfg(all(unix, target_arch = "x86_64"))]
mod levels {
    use std::arch::is_x86_feature_detected as can;

    /// A level of x86-64 (System V psABI, table 3.1), which compilers know by this name.
    pub(super) struct Level {
        pub(super) name: &'static str,
        /// Whether this program is compiled for it.
        pub(super) is_ours: bool,
        /// Whether this processor has all that it takes.
        pub(super) can_run: fn() -> bool,
    }

    pub(super) const NEWEST_FIRST: [Level; 2] = [
        Level { name: "x86-64-v4", is_ours: cfg!(target_feature = "avx512f"), can_run: v4 },
        Level { name: "x86-64-v3", is_ours: cfg!(target_feature = "avx2"), can_run: v3 },
    ];

    fn v4() -> bool {
        v3() && can!("avx512f") && can!("avx512bw") && can!("avx512cd") && can!("avx512dq") && can!("avx512vl")
    }

    fn v3() -> bool {
        can!("avx2")
            && can!("bmi1")
            && can!("bmi2")
            && can!("f16c")
            && can!("fma")
            && can!("lzcnt")
            && can!("movbe")
            && can!("popcnt")
    }
}
