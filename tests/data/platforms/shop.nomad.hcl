# A job with two groups.
job "shop" {
  datacenters = ["dc1"]
  type        = "service"

  update {
    max_parallel     = 2
    min_healthy_time = "15s"
    auto_revert      = true
  }

  group "web" {
    count = 6

    update {
      canary       = 1
      auto_promote = true
    }

    network {
      port "http" {}
    }

    task "server" {
      driver         = "docker"
      kill_timeout   = "25s"
      shutdown_delay = "8s"

      config {
        image = "registry.example/shop:${var.version}"
        ports = ["http"]
      }
    }
  }

  group "worker" {
    count = 2

    task "worker" {
      driver = "docker"
    }
  }
}
