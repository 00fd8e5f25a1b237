//! The README shows what the program prints today.

use std::fs;

use assert_cmd::Command;

/// The first block that starts with this line, without its fences.
fn block<'a>(readme: &'a str, first: &str) -> &'a str {
    let start = readme.find(&format!("```text\n{first}")).expect("the README shows it") + "```text\n".len();
    let length = readme[start..].find("```").expect("the block ends");
    &readme[start..start + length]
}

#[test]
fn the_forecast_in_the_readme_is_what_the_first_command_prints() {
    let root = env!("CARGO_MANIFEST_DIR");
    let readme = fs::read_to_string(format!("{root}/README.md")).expect("there is a README");
    let run = |args: &[&str]| {
        let output = Command::cargo_bin("dryroll")
            .expect("the binary was built")
            .current_dir(root)
            .arg("run")
            .args(args)
            .output()
            .expect("it starts");
        String::from_utf8(output.stdout).expect("text")
    };
    let printed = run(&["scenarios/rolling-default.yaml"]);
    assert_eq!(block(&readme, "rolling-default · 20 replicas"), printed);

    let mended = "$ dryroll run scenarios/rolling-default.yaml ";
    let shown = block(&readme, mended);
    let (command, shown) = shown.split_once("\n\n").expect("a command and what it prints");
    let args: Vec<&str> = command.trim_start_matches("$ dryroll run ").split(' ').collect();
    assert!(run(&args).starts_with(shown.trim_end()), "the README's second forecast is another");
}
