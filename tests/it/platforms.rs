//! Files of other platforms than Kubernetes: what ECS and Nomad say of a service, in the words of a scenario.

use std::fs;

use crate::common::program::json_of;
use crate::common::told::told;

const SERVICES: &str = r#"{"services": [
{"serviceName": "api", "desiredCount": 6, "taskDefinition": "arn:aws:ecs:x:1:task-definition/api:7",
 "loadBalancers": [{"containerName": "app", "containerPort": 80}],
 "deploymentConfiguration": {"strategy": "BLUE_GREEN"}, "deploymentController": {"type": "CODE_DEPLOY"}},
{"serviceName": "web", "desiredCount": 2}, {"serviceName": "agent", "schedulingStrategy": "DAEMON"}],
"taskDefinition": {"family": "api", "containerDefinitions": [{"name": "proxy", "stopTimeout": 120}, {"name": "app", "stopTimeout": 20}]}}"#;

#[test]
fn of_several_ecs_services_one_is_picked_and_told_how_it_is_rolled() {
    let import = |options: &[&str]| told("services.json", SERVICES, &[&["import"], options].concat());
    let (status, said) = import(&[]);
    assert!(status == 2 && said.contains("the file has 3 services"), "{said}");
    assert!(said.contains("pick one by --workload NAME: api, web, agent"), "{said}");
    let (status, said) = import(&["--workload", "nope"]);
    assert!(
        status == 2 && said.contains("no service called `nope`") && said.contains("it has api, web, agent"),
        "{said}"
    );
    let (status, said) = import(&["--workload", "api"]);
    assert_eq!(status, 0, "{said}");
    for part in [
        "skipped 2 services: web, agent",
        "`BLUE_GREEN` is not simulated",
        "`CODE_DEPLOY` is not simulated",
        "`app` is taken for the container that serves",
        "replicas: 6 ",
        "terminationGracePeriodSeconds: 20 ",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let (status, said) = import(&["--workload", "agent"]);
    let parts = ["`DAEMON` is not simulated", "replicas: 10 ", "minimumHealthyPercent: 0 ", "maximumPercent: 100 "];
    assert!(status == 0 && parts.iter().all(|part| said.contains(part)), "{said}");
}

#[test]
fn an_answer_of_ecs_about_one_service_is_read_and_one_about_none_is_told() {
    let one = r#"{"service": {"serviceName": "web", "desiredCount": 3, "taskDefinition": "web:1"}}"#;
    let (status, said) = told("service.json", one, &["import"]);
    assert!(status == 0 && said.contains("replicas: 3 "), "{said}");
    let none = r#"{"services": [], "failures": [{"arn": "web", "reason": "MISSING"}]}"#;
    let (status, said) = told("services.json", none, &["import"]);
    assert!(status == 2 && said.contains("has no service") && said.contains("ECS says MISSING"), "{said}");
}

#[test]
fn health_checks_of_other_platforms_are_the_readiness_probe() {
    let task = |check: &str| {
        format!(
            r#"{{"services": [{{"serviceName": "web"}}], "taskDefinition": {{"containerDefinitions": [{{"name": "log", "essential": false,
             "healthCheck": {{"interval": 200}}}}, {{"name": "web", "healthCheck": {check}}}]}}}}"#
        )
    };
    let fields = |said: &str| {
        ["initialDelaySeconds", "periodSeconds", "timeoutSeconds", "successThreshold", "failureThreshold"].map(
            |field| {
                let line = said
                    .lines()
                    .find_map(|l| l.trim_start().strip_prefix(field))
                    .unwrap_or_else(|| panic!("{field}: {said}"));
                line[1..].trim_start().split(' ').next().expect("a value").to_owned()
            },
        )
    };
    let of = |name: &str, text: &str| fields(&told(name, text, &["import"]).1);
    let ecs = |check: &str| of("s.json", &task(check));
    // The first check comes an interval after the start: half of it, and half a period on average.
    assert_eq!(ecs(r#"{"command": ["CMD", "x"]}"#), ["15", "30", "5", "1", "3"]);
    assert_eq!(ecs(r#"{"interval": 10, "timeout": 2, "retries": 5, "startPeriod": 60}"#), ["5", "10", "2", "1", "5"]);
    let job = |checks: &str| {
        format!("job \"web\" {{\n  group \"web\" {{\n    service {{\n{checks}    }}\n    task \"web\" {{}}\n  }}\n}}\n")
    };
    let check = |fields: &str| format!("      check {{\n        timeout = \"2s\"\n        {fields}\n      }}\n");
    let two = check("interval = \"7s\"") + &check("interval = \"15s\"\n        failures_before_critical = 2");
    assert_eq!(of("web.nomad", &job(&two)), ["0", "15", "2", "1", "2"]);
    let api = r#"{"Job": {"ID": "web", "TaskGroups": [{"Name": "web", "Services": [{"Checks": [{"Interval": 20000000000, "Timeout": 3000000000}]}]}]}}"#;
    assert_eq!(of("web.json", api), ["0", "20", "3", "1", "1"]);
}

#[test]
fn a_nomad_job_without_deployments_replaces_all_at_once() {
    let job = |parallel: u32| {
        format!(
            "job \"web\" {{\n  update {{\n    max_parallel = {parallel}\n    canary = 1\n  }}\n  group \"web\" {{\n    count = 6\n    task \"web\" {{}}\n  }}\n}}\n"
        )
    };
    let (status, said) = told("web.nomad", &job(0), &["import"]);
    assert!(status == 0 && said.contains("Nomad forces the update"), "{said}");
    assert!(
        ["max_parallel: 6 ", "canary: 0 ", "min_healthy_time: 0s "].iter().all(|part| said.contains(part)),
        "{said}"
    );
    assert!(!told("web.nomad", &job(2), &["import"]).1.contains("forces"));
    // So that for a while there is none.
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("web.nomad");
    for (parallel, least) in [(0, 0.0), (2, 4.0)] {
        fs::write(&file, job(parallel).replace("canary = 1", "")).expect("it is written");
        let (status, result) =
            json_of(&["run", file.to_str().expect("UTF-8"), "--replications", "1", "--rate", "20/s"]);
        let ready = &result["summary"]["capacity"]["minReady"]["mean"];
        assert_eq!((status, ready.as_f64()), (0, Some(least)), "{parallel}");
    }
}

/// What cannot be written is told before the search, and not for what it isn't.
#[test]
fn a_nomad_job_is_not_edited() {
    let template = "      template {\n        data = <<EOF\n{{ key \"x\" }}\nEOF\n      }\n";
    let job = format!("job \"web\" {{\n  group \"web\" {{\n    task \"web\" {{\n{template}    }}\n  }}\n}}\n");
    let (status, said) = told("web.nomad.hcl", &job, &["recommend", "--edit", "-"]);
    assert!(status == 2 && said.contains("--edit writes no Nomad job") && said.contains("`kill_timeout`"), "{said}");
    assert!(!said.contains("helm") && !said.contains("--keep"), "{said}");
}

#[test]
fn the_task_of_a_nomad_group_that_serves_says_how_it_stops() {
    let job = |kind: &str| {
        format!(
            "job \"shop\" {{\n  {kind}\n  group \"web\" {{\n    shutdown_delay = \"8s\"\n    task \"log\" {{\n      kill_timeout = \"5m\"\n      \
             lifecycle {{\n        hook = \"poststart\"\n        sidecar = true\n      }}\n    }}\n    task \"app\" {{\n      kill_timeout = \
             \"20s\"\n      shutdown_delay = \"2s\"\n    }}\n  }}\n}}\n"
        )
    };
    let (status, said) = told("shop.nomad", &job(""), &["import"]);
    let parts = ["`app` is taken for the task that serves", "preStop: 10s ", "terminationGracePeriodSeconds: 30 "];
    assert!(status == 0 && parts.iter().all(|part| said.contains(part)), "{said}");
    let (status, said) = told("shop.nomad", &job("type = \"system\""), &["import"]);
    assert!(status == 0 && said.contains("a system job is not simulated") && said.contains("replicas: 10 "), "{said}");
    let (status, said) = told("shop.nomad", &job("type = \"batch\""), &["run"]);
    assert!(status == 2 && said.contains("it runs to its end, and serves nobody"), "{said}");
}
