//! A steady load of requests, and what came of them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How many clients ask at the same time.
const CLIENTS: usize = 4;

/// Clients that ask one address all the time, until they are told to stop.
#[derive(Debug)]
pub struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Served>>,
    answered: Arc<Answered>,
}

/// Counts answers and wakes the threads that wait for them.
#[derive(Debug, Default)]
struct Answered {
    count: Mutex<u64>,
    grew: Condvar,
}

/// What came of a load of requests.
#[derive(Debug, Clone, Default)]
pub struct Served {
    /// Requests that were answered with 200.
    pub good: u64,
    /// Requests that were not.
    pub failed: u64,
    /// What the first failure said, and when that request was sent.
    pub first_failure: Option<String>,
    /// The longest time that one request took.
    pub slowest: Duration,
}

impl Load {
    /// Starts to ask `url`.
    #[must_use]
    pub fn start(url: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let answered = Arc::new(Answered::default());
        let clients = (0..CLIENTS)
            .map(|_| {
                let (url, stop, answered) = (url.to_owned(), Arc::clone(&stop), Arc::clone(&answered));
                thread::spawn(move || ask(&url, &stop, &answered))
            })
            .collect();
        Self { stop, clients, answered }
    }

    /// Waits until so many requests were answered; false when that takes longer than `patience`.
    #[must_use]
    pub fn wait_for(&self, answers: u64, patience: Duration) -> bool {
        let count = self.answered.count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.answered.grew.wait_timeout_while(count, patience, |count| *count < answers);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Stops and says what came of it.
    #[must_use]
    pub fn stop(self) -> Served {
        self.stop.store(true, Ordering::Relaxed);
        self.clients.into_iter().filter_map(|client| client.join().ok()).fold(Served::default(), |sum, one| Served {
            good: sum.good + one.good,
            failed: sum.failed + one.failed,
            first_failure: sum.first_failure.or(one.first_failure),
            slowest: sum.slowest.max(one.slowest),
        })
    }
}

fn ask(url: &str, stop: &AtomicBool, answered: &Answered) -> Served {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(30)))
        .max_idle_connections(0)
        .build()
        .into();
    let mut served = Served::default();
    let begin = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let started = Instant::now();
        match agent.get(url).call().and_then(|mut response| response.body_mut().read_to_string()) {
            Ok(_) => {
                served.good += 1;
                *answered.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                answered.grew.notify_all();
            }
            Err(error) => {
                served.failed += 1;
                served.first_failure.get_or_insert_with(|| {
                    let (from, to) = (started.duration_since(begin).as_secs_f32(), begin.elapsed().as_secs_f32());
                    format!("{error}, for a request from second {from:.1} to second {to:.1} of the load")
                });
            }
        }
        served.slowest = served.slowest.max(started.elapsed());
        // A pace, not a wait: about a hundred requests a second from all clients, so that two cores do other work too.
        thread::sleep(Duration::from_millis(40));
    }
    served
}
