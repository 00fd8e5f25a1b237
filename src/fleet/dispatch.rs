//! Who handles which event.

use crate::engine::Model;

use super::event::Event;
use super::world::{Cal, Observer, World};

impl<O: Observer> Model for World<O> {
    type Event = Event;

    // Within the loop: no registers are saved and restored around each event.
    #[inline(always)]
    fn handle(&mut self, event: Event, cal: &mut Cal) {
        self.calm.behind_all_ends();
        self.keep_step(cal.now());
        match event {
            Event::Arrival(population) => self.on_arrival(population, cal),
            Event::AtProxy(request) => self.on_request_at_proxy(request, cal),
            Event::AtPod(request) => self.on_request_at_pod(request, cal),
            Event::AnswerAtProxy(request) => {
                self.calm.ahead_of_ends_from(0);
                self.on_answer_at_proxy(request, cal);
            }
            Event::AnswerAtClient(request) => {
                self.calm.ahead_of_ends_from(0);
                self.on_answer_at_client(request, cal);
            }
            Event::JobDone { pod, worker } => {
                self.calm.ahead_of_ends_from(pod + 1);
                self.on_job_done(pod, worker, cal);
            }
            Event::KnownJobDone(job) => self.on_known_job_done(job, cal),
            Event::Young => self.on_young(cal),
            other => self.handle_other(other, cal),
        }
    }
}

impl<O: Observer> World<O> {
    /// What is no step of a request that goes its way.
    #[inline(never)]
    fn handle_other(&mut self, event: Event, cal: &mut Cal) {
        if !self.standstill.passes(cal.now()) {
            self.look_whether_time_stands_still(event);
        }
        self.catch_up_with(event, cal.now());
        match event {
            Event::Thought { population, user } => self.on_thought(population, user, cal),
            Event::RetryDue(request) => self.on_retry_due(request, cal),
            Event::StreamOver(request) => self.on_stream_over(request, cal),
            Event::StreamOpens { population, slot } => self.on_stream_opens(population, slot, cal),
            Event::OpenNow(connection) => self.on_open_now(connection, cal),
            Event::Syn(connection) => self.on_syn(connection, cal),
            Event::Connected(connection) => self.on_connected(connection, cal),
            Event::ConnectRefused(connection) => self.on_connect_refused(connection, cal),
            Event::ConnectTimeout(connection) => self.on_connect_timeout(connection, cal),
            Event::PeerClosed(connection) => self.on_peer_closed(connection, cal),
            Event::OwnerClosed(connection) => self.on_owner_closed(connection, cal),
            Event::GoAway(connection) => self.on_go_away(connection, cal),
            Event::GoAwayOver(connection) => self.on_go_away_over(connection, cal),
            Event::CloseMoment(connection) => self.on_close_moment(connection, cal),
            Event::DeadlineLook(class) => self.on_deadline_look(class, cal),
            Event::Deadline { class, request, ordinal } => self.on_deadline(class, request, ordinal, cal),
            Event::IdleSweep(class) => self.on_idle_sweep(class, cal),
            Event::IdleOver { connection, by_pod } => self.on_idle_over(connection, by_pod, cal),
            Event::Pod { pod, timer } => self.on_pod_timer(pod, timer, cal),
            Event::Table { proxy, pod, routed } => self.on_table(proxy, pod, routed, cal),
            Event::Route { proxy, route } => self.on_route(proxy, route),
            Event::ProxyRetryDue(request) => self.on_proxy_retry_due(request, cal),
            Event::TryOver { request, attempt } => self.on_try_over(request, attempt, cal),
            Event::Ejections(proxy) => self.on_ejections(proxy, cal),
            Event::Reloaded(proxy) => self.on_reloaded(proxy, cal),
            Event::ReloadAgain(proxy) => self.begin_reload(proxy, cal),
            Event::OldCloses(connection) => self.on_old_closes(connection, cal),
            Event::OldStops { proxy, generation, exits } => self.on_old_stops(proxy, generation, exits, cal),
            Event::ReloadAll => self.reload_all(cal),
            Event::ListenerOver(proxy) => self.listener_over(proxy),
            Event::DeregistrationOver { proxy, pod } => self.on_deregistration_over(proxy, pod, cal),
            Event::Purge { proxy, pod } => self.on_purge(proxy, pod, cal),
            Event::Withdrawn { proxy, pod } => self.on_withdrawn(proxy, pod),
            Event::Resolve(proxy) => self.on_resolve(proxy, cal),
            Event::HealthCheck { proxy, pod } => self.on_health_check(proxy, pod, cal),
            Event::HealthTimeout { proxy, pod, check } => self.on_health_timeout(proxy, pod, check, cal),
            Event::Rollout(event) => self.on_rollout(event, cal),
            Event::Action(n) => self.on_action(n, cal),
            Event::Node(event) => self.on_node(event, cal),
            Event::Analysis => self.on_analysis(cal),
            Event::Trials => self.on_trials(cal),
            Event::Autoscaler(event) => self.on_autoscaler(event, cal),
            Event::AcquireTimeout { pod, worker, ticket } => self.on_acquire_timeout(pod, worker, ticket, cal),
            Event::Sample => self.on_sample(cal),
            Event::End => self.ended |= self.end <= cal.now(),
            Event::AnswerAtClient(..)
            | Event::AnswerAtProxy(..)
            | Event::Arrival(..)
            | Event::AtPod(..)
            | Event::AtProxy(..)
            | Event::JobDone { .. }
            | Event::KnownJobDone(..)
            | Event::Young => {
                unreachable!("handled before")
            }
        }
    }
}
