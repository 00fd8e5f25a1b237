//! Programs for newer processors that stand beside the plain one: which is run, and that none is missed.
#![cfg(all(unix, target_arch = "x86_64"))]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The program under a name of its own, with these beside it: scripts that say which of them it is, and what they were given.
fn installed(folder: &TempDir, beside: &[(&str, u32)]) -> PathBuf {
    let program = folder.path().join("dryroll");
    let built = Path::new(env!("CARGO_BIN_EXE_dryroll"));
    // A link, where the folder is on the same disk: it is a large file.
    fs::hard_link(built, &program).or_else(|_| fs::copy(built, &program).map(drop)).expect("it can be installed");
    for (level, mode) in beside {
        let path = folder.path().join(format!("dryroll.{level}"));
        fs::write(&path, format!("#!/bin/sh\necho \"{level}: $*\"\n")).expect("a script");
        fs::set_permissions(&path, Permissions::from_mode(*mode)).expect("its mode");
    }
    program
}

fn said(program: &Path) -> String {
    let output = Command::new(program).args(["presets", "a b"]).output().expect("it starts");
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn the_newest_that_the_processor_can_run_is_run() {
    let folder = TempDir::new().expect("a folder");
    let program = installed(&folder, &[("x86-64-v3", 0o755), ("x86-64-v4", 0o755)]);
    let expected = if is_x86_feature_detected!("avx512vl") && is_x86_feature_detected!("avx512dq") {
        "x86-64-v4: presets a b\n"
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2") {
        "x86-64-v3: presets a b\n"
    } else {
        "error: there is no preset `a b`"
    };
    let said = said(&program);
    assert!(said.starts_with(expected), "{said}");
}

#[test]
fn without_one_that_can_be_started_the_program_runs_itself() {
    for beside in [&[][..], &[("x86-64-v3", 0o644), ("x86-64-v4", 0o644)], &[("x86-64-v2", 0o755)]] {
        let folder = TempDir::new().expect("a folder");
        let said = said(&installed(&folder, beside));
        assert!(said.contains("a b") && said.contains("preset") && !said.contains("x86-64"), "{said}");
    }
}
