//! A router that splits the traffic by weight: whose pods a request may go to is drawn first, then one of them is picked.

use crate::engine::{Purpose, SimTime};
use crate::scenario;

use super::balancer::{Algorithm, algorithm};
use super::event::Event;
use super::fact::Revision;
use super::pick::{Pick, pick_by};
use super::rollout::Route;
use super::world::{Cal, Observer, World};

/// What the router was told, and how far each proxy has heard of it.
#[derive(Clone, Debug)]
pub(super) struct Router {
    /// Every split that there was.
    routes: Vec<Route>,
    proxies: Vec<Hearer>,
}

/// A proxy's part.
#[derive(Clone, Debug)]
struct Hearer {
    /// Which split it goes by.
    route: u32,
    /// When it hears of the last one.
    last: SimTime,
    /// Picks among the canary's pods, whose turns are their own.
    canary: Box<dyn Algorithm>,
}

impl Router {
    /// The router of `scenario` with so many proxies, if it has one.
    pub(super) fn of(scenario: &scenario::Scenario, proxies: u32, salt: u64) -> Option<Self> {
        let scenario::Strategy::Canary(canary) = &scenario.workload.strategy else { return None };
        let name = scenario.load_balancer.algorithm;
        let hearer = || Hearer { route: 0, last: SimTime::MIN, canary: algorithm(name, salt) };
        let proxies = (0..proxies).map(|_| hearer()).collect();
        canary.traffic_routing.then(|| Self { routes: vec![Route::FIRST], proxies })
    }

    /// There are so many proxies now; a new one has heard of the last split.
    pub(super) fn grow(&mut self, proxies: usize, name: scenario::Algorithm, salt: u64) {
        let route = self.routes.len() as u32 - 1;
        self.proxies.resize_with(proxies, || Hearer { route, last: SimTime::MIN, canary: algorithm(name, salt) });
    }

    fn route(&self, proxy: u16) -> Route {
        self.routes[self.proxies[usize::from(proxy)].route as usize]
    }
}

impl<O: Observer> World<O> {
    /// The split changes: each proxy hears of it as late as of a new pod.
    pub(super) fn split(&mut self, route: Route, cal: &mut Cal) {
        let Some(router) = &mut self.router else { return };
        let n = router.routes.len() as u32;
        router.routes.push(route);
        let (shared, own) = (
            self.streams.stream(Purpose::RouteDelay, u64::from(n)),
            self.streams.family(Purpose::RouteDelay, u64::from(n)),
        );
        let committed = self.control_plane.takes(cal.now(), shared, u64::from(n));
        for proxy in 0..self.proxies.len() as u16 {
            let of = proxy / self.balancer.workers as u16;
            let heard = self.control_plane.reaches(of, true, committed, own.stream(u64::from(of) + 1), u64::from(n));
            let Some(router) = &mut self.router else { return };
            let hearer = &mut router.proxies[usize::from(proxy)];
            hearer.last = heard.max(hearer.last).max(cal.now());
            cal.at(hearer.last, Event::Route { proxy, route: n });
        }
    }

    /// A proxy acts on a split.
    pub(super) fn on_route(&mut self, proxy: u16, route: u32) {
        if let Some(router) = &mut self.router {
            router.proxies[usize::from(proxy)].route = route;
        }
    }

    /// The canaries' own turns see the table of `proxy` anew.
    pub(super) fn router_sees_table(&mut self, proxy: u16) {
        if let Some(router) = &mut self.router {
            router.proxies[usize::from(proxy)].canary.table_changed(&self.proxies[usize::from(proxy)].process.table);
        }
    }

    /// Whose pods this request may go to.
    fn lane(&self, proxy: u16, pick: Pick) -> (Revision, bool) {
        let Some(router) = &self.router else { return (Revision(0), false) };
        let Route { stable, canary } = router.route(proxy);
        let family = self.streams.family(Purpose::RouterWeight, u64::from(pick.population));
        let mut draw = family.stream(pick.ordinal.wrapping_mul(64).wrapping_add(u64::from(pick.attempt)));
        match canary {
            Some(weights) if draw.open01() * 100.0 < f64::from(weights.percent) => (weights.canary, true),
            _ => (stable, false),
        }
    }

    /// Proxy `proxy`, or one of its old processes, picks a pod by weight, then by what it believes.
    #[cold]
    pub(super) fn pick_routed(&mut self, proxy: u16, old: Option<usize>, pick: Pick, now: SimTime) -> Option<u32> {
        let (lane, is_canary) = self.lane(proxy, pick);
        let family = self.populations[usize::from(pick.population)].balance;
        let limits = self.limits(proxy, Some(lane));
        let p = &mut self.proxies[usize::from(proxy)];
        let process = match old {
            Some(n) => &mut p.old[n].1,
            None => &mut p.process,
        };
        let turns: Option<&mut dyn Algorithm> = match &mut self.router {
            Some(router) if is_canary && old.is_none() => Some(&mut *router.proxies[usize::from(proxy)].canary),
            _ => None,
        };
        pick_by(process, turns, pick, pick.avoided(), family, now, limits)
    }
}
