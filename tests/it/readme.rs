//! The README shows what the program prints today.

use std::fs;

use assert_cmd::Command;

/// The first block that starts with this line, without its fences.
fn block<'a>(readme: &'a str, first: &str) -> &'a str {
    let start = readme.find(&format!("```text\n{first}")).expect("the README shows it") + "```text\n".len();
    let length = readme[start..].find("```").expect("the block ends");
    &readme[start..start + length]
}

/// What dryroll prints.
fn run(args: &[&str]) -> String {
    let output = Command::cargo_bin("dryroll")
        .expect("the binary was built")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(args)
        .output()
        .expect("it starts");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_forecast_in_the_readme_is_what_the_first_command_prints() {
    let root = env!("CARGO_MANIFEST_DIR");
    let readme = fs::read_to_string(format!("{root}/README.md")).expect("there is a README");
    let printed = run(&["run", "scenarios/rolling-default.yaml"]);
    assert_eq!(block(&readme, "rolling-default · 20 replicas"), printed);
}

#[test]
fn what_the_readme_shows_of_a_command_is_what_it_prints() {
    let readme = fs::read_to_string(format!("{}/README.md", env!("CARGO_MANIFEST_DIR"))).expect("there is a README");
    for command in ["run", "sweep", "compare"] {
        let shown = block(&readme, &format!("$ dryroll {command} scenarios/rolling-default.yaml "));
        let (line, shown) = shown.split_once("\n\n").expect("a command and what it prints");
        let args: Vec<&str> = line.trim_start_matches("$ dryroll ").split(' ').collect();
        let printed = run(&args);
        assert!(
            printed.starts_with(shown.trim_end()),
            "{line} prints something else than the README shows:\n{printed}"
        );
    }
}

#[test]
fn what_the_readme_shows_of_a_log_is_what_is_written_of_it() {
    let readme = fs::read_to_string(format!("{}/README.md", env!("CARGO_MANIFEST_DIR"))).expect("there is a README");
    let shown = block(&readme, "$ dryroll calibrate ");
    let (line, shown) = shown.split_once("\n\n").expect("a command and what it prints");
    let args: Vec<&str> = line.trim_start_matches("$ dryroll ").split(' ').collect();
    assert_eq!(run(&args), shown);
}

#[test]
fn what_the_readme_shows_of_a_manifest_is_how_its_scenario_begins() {
    let readme = fs::read_to_string(format!("{}/README.md", env!("CARGO_MANIFEST_DIR"))).expect("there is a README");
    let shown = block(&readme, "$ dryroll import ");
    let (line, shown) = shown.split_once("\n\n").expect("a command and what it prints");
    let args: Vec<&str> = line.trim_start_matches("$ dryroll ").split(' ').collect();
    let printed = run(&args);
    assert!(printed.starts_with(shown), "{line} prints something else than the README shows:\n{printed}");
}
