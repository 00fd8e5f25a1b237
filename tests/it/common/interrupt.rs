//! The program, interrupted.

use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// Starts it, and sends SIGINT as soon as it may have begun its work: its exit status, what it printed, and what it said beside that.
pub(crate) fn interrupted(args: &[&str]) -> (i32, String, String) {
    let program = assert_cmd::cargo::cargo_bin("dryroll");
    // Before it listens for signals one ends it like any other program: that was too early.
    for wait in [200, 400, 800, 1_600, 3_200, 6_400] {
        let mut command = Command::new(&program);
        command.current_dir(env!("CARGO_MANIFEST_DIR")).args(args).env("NO_COLOR", "1");
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        thread::sleep(Duration::from_millis(wait));
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill is there").success());
        let done = child.wait_with_output().expect("it ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        if let Some(code) = done.status.code() {
            return (code, text(done.stdout), text(done.stderr));
        }
    }
    panic!("it never listened for signals")
}
