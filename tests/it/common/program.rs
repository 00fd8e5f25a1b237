//! The program as a user starts it.

use assert_cmd::Command;
use serde_json::Value;

/// What it left: its exit status, what it printed, and what it said beside that.
pub(crate) type Left = (i32, String, String);

/// Starts it in the project's folder, without colours.
pub(crate) fn dryroll(args: &[&str]) -> Left {
    let mut command = Command::cargo_bin("dryroll").expect("the binary is built");
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).args(args).env("NO_COLOR", "1").output();
    let output = output.expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("it exits"), text(output.stdout), text(output.stderr))
}

/// Its exit status, and what it printed as JSON.
pub(crate) fn json_of(args: &[&str]) -> (i32, Value) {
    let (code, out, err) = dryroll(&[args, &["--format", "json"]].concat());
    (code, serde_json::from_str(&out).unwrap_or_else(|e| panic!("{args:?}: {e}\n{out}{err}")))
}
