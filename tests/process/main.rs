//! Tests that start the program: the command line's doors, and `kill -9` on both engines.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::type_complexity,
    clippy::disallowed_methods,
    reason = "tests fail loudly, wait with deadlines and speak to whoever runs them"
)]

mod authoring;
mod binary;
mod campaign;
mod connect;
mod crash;
mod demo;
mod deploy;
mod desk;
mod doctor;
mod doors;
mod drain;
mod keep;
mod ledger;
mod people;
mod run_token;
mod seeded;
mod settings;
mod shops;
mod sim;
mod street;
mod tuning;
mod verbs;
mod watch;

#[path = "../support/postgres.rs"]
mod postgres;

use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::{Arguments, Trial};
use postgres::Postgres;

/// Tests of the command line that need nothing running.
const ALONE: &[(&str, fn())] = &[
    (
        "authoring::each_kind_is_made_built_and_tested_without_a_registry",
        authoring::each_kind_is_made_built_and_tested_without_a_registry,
    ),
    (
        "authoring::a_folder_is_never_written_over",
        authoring::a_folder_is_never_written_over,
    ),
    (
        "authoring::what_is_missing_is_told_with_its_remedy",
        authoring::what_is_missing_is_told_with_its_remedy,
    ),
    (
        "authoring::a_failed_expectation_teaches",
        authoring::a_failed_expectation_teaches,
    ),
    (
        "authoring::a_mistake_in_a_scenario_is_told_with_its_line",
        authoring::a_mistake_in_a_scenario_is_told_with_its_line,
    ),
    (
        "authoring::the_page_of_scenarios_shows_one_that_holds",
        authoring::the_page_of_scenarios_shows_one_that_holds,
    ),
    (
        "authoring::a_change_is_swapped_in_while_the_demo_runs",
        authoring::a_change_is_swapped_in_while_the_demo_runs,
    ),
    (
        "authoring::the_tutorial_does_what_it_says",
        authoring::the_tutorial_does_what_it_says,
    ),
    (
        "settings::an_unknown_settings_key_names_the_right_one",
        settings::an_unknown_settings_key_names_the_right_one,
    ),
    (
        "settings::malformed_toml_names_the_line",
        settings::malformed_toml_names_the_line,
    ),
    (
        "settings::a_data_folder_that_cannot_be_written_says_so",
        settings::a_data_folder_that_cannot_be_written_says_so,
    ),
    (
        "settings::a_second_host_on_the_same_folder_is_turned_away",
        settings::a_second_host_on_the_same_folder_is_turned_away,
    ),
    (
        "settings::an_open_listener_needs_to_be_allowed",
        settings::an_open_listener_needs_to_be_allowed,
    ),
    (
        "settings::postgres_without_a_master_key_says_how_to_make_one",
        settings::postgres_without_a_master_key_says_how_to_make_one,
    ),
    (
        "settings::the_settings_template_passes_its_own_check",
        settings::the_settings_template_passes_its_own_check,
    ),
    (
        "settings::doctor_finds_nothing_on_a_good_machine_and_names_remedies_on_a_bad_one",
        settings::doctor_finds_nothing_on_a_good_machine_and_names_remedies_on_a_bad_one,
    ),
    (
        "settings::migrate_says_first_and_does_then",
        settings::migrate_says_first_and_does_then,
    ),
    (
        "settings::every_fault_of_a_settings_file_is_said_at_once",
        settings::every_fault_of_a_settings_file_is_said_at_once,
    ),
    (
        "settings::each_setting_is_shown_with_where_it_comes_from",
        settings::each_setting_is_shown_with_where_it_comes_from,
    ),
    (
        "verbs::examples_that_need_no_host_run_as_they_stand",
        verbs::examples_that_need_no_host_run_as_they_stand,
    ),
    ("verbs::help_is_a_verb_too", verbs::help_is_a_verb_too),
    ("verbs::completions_complete", verbs::completions_complete),
    (
        "verbs::each_verb_has_a_manual_page",
        verbs::each_verb_has_a_manual_page,
    ),
    (
        "verbs::colour_is_for_terminals_whose_owner_wants_it",
        verbs::colour_is_for_terminals_whose_owner_wants_it,
    ),
    (
        "doors::a_good_plugin_is_shown_with_what_it_asks_for",
        doors::a_good_plugin_is_shown_with_what_it_asks_for,
    ),
    (
        "sim::every_verb_steers_a_running_simulator",
        sim::every_verb_steers_a_running_simulator,
    ),
    (
        "watch::a_real_number_is_never_triggered",
        watch::a_real_number_is_never_triggered,
    ),
    (
        "keep::what_cannot_be_restored_is_refused_and_nothing_is_written",
        keep::what_cannot_be_restored_is_refused_and_nothing_is_written,
    ),
    (
        "keep::an_interrupted_backup_leaves_no_half_file",
        keep::an_interrupted_backup_leaves_no_half_file,
    ),
    (
        "keep::a_backup_is_piped_whole",
        keep::a_backup_is_piped_whole,
    ),
    (
        "deploy::the_unit_starts_what_there_is_and_waits_for_its_end",
        deploy::the_unit_starts_what_there_is_and_waits_for_its_end,
    ),
    (
        "deploy::the_compose_file_names_what_there_is",
        deploy::the_compose_file_names_what_there_is,
    ),
    ("doors::every_verb_teaches", doors::every_verb_teaches),
    (
        "doors::a_session_of_the_pages_lasts_half_a_day",
        doors::a_session_of_the_pages_lasts_half_a_day,
    ),
    (
        "run_token::a_command_lines_token_ends_with_its_run",
        run_token::a_command_lines_token_ends_with_its_run,
    ),
    (
        "demo::the_demo_for_programs_is_json_and_its_account_adds_up",
        demo::the_demo_for_programs_is_json_and_its_account_adds_up,
    ),
    (
        "demo::the_demo_for_people_ends_well",
        demo::the_demo_for_people_ends_well,
    ),
    (
        "demo::a_seed_tells_the_same_day_every_time_and_another_seed_another",
        demo::a_seed_tells_the_same_day_every_time_and_another_seed_another,
    ),
    (
        "demo::serve_and_simulator_begin_as_the_demo_does",
        demo::serve_and_simulator_begin_as_the_demo_does,
    ),
    (
        "demo::a_polite_kill_drains_the_host_and_takes_its_announcement_back",
        demo::a_polite_kill_drains_the_host_and_takes_its_announcement_back,
    ),
];

/// Tests of the command line against two shops that stand.
const AT_THE_SHOPS: &[(&str, fn(&shops::Shops))] = &[
    (
        "doors::why_of_nonsense_says_what_can_be_asked",
        doors::why_of_nonsense_says_what_can_be_asked,
    ),
    (
        "doors::a_wrong_token_is_told_how_to_get_a_right_one",
        doors::a_wrong_token_is_told_how_to_get_a_right_one,
    ),
    (
        "doors::another_tenants_token_sees_nothing_of_this_one",
        doors::another_tenants_token_sees_nothing_of_this_one,
    ),
    (
        "doors::a_token_does_what_its_role_may",
        doors::a_token_does_what_its_role_may,
    ),
    (
        "people::a_password_is_read_and_never_an_argument",
        people::a_password_is_read_and_never_an_argument,
    ),
    ("people::who_did_what_is_told", people::who_did_what_is_told),
    (
        "doors::the_operator_looks_stops_and_resumes",
        doors::the_operator_looks_stops_and_resumes,
    ),
    (
        "doors::what_is_no_plugin_is_refused_with_the_reason",
        doors::what_is_no_plugin_is_refused_with_the_reason,
    ),
    (
        "doors::a_plugin_is_looked_at_and_switched_from_a_terminal",
        doors::a_plugin_is_looked_at_and_switched_from_a_terminal,
    ),
    (
        "verbs::each_list_is_json_when_asked",
        verbs::each_list_is_json_when_asked,
    ),
    (
        "verbs::tables_fit_the_terminal",
        verbs::tables_fit_the_terminal,
    ),
    (
        "doors::webhooks_are_added_tested_and_forgotten",
        doors::webhooks_are_added_tested_and_forgotten,
    ),
    (
        "desk::somebody_of_the_shop_answers_from_a_terminal",
        desk::somebody_of_the_shop_answers_from_a_terminal,
    ),
    (
        "desk::a_registry_is_loaded_and_declared_from_a_terminal",
        desk::a_registry_is_loaded_and_declared_from_a_terminal,
    ),
    (
        "tuning::a_policy_is_tried_set_and_undone_from_a_terminal",
        tuning::a_policy_is_tried_set_and_undone_from_a_terminal,
    ),
];

type Run = fn(Option<String>) -> Pin<Box<dyn Future<Output = ()>>>;

/// Tests that kill hosts, and what else must hold on each engine.
const KILLING: &[(&str, Run)] = &[
    (
        "crash::killed_at_every_point_nothing_is_lost_or_doubled",
        |url| Box::pin(crash::killed_at_every_point_nothing_is_lost_or_doubled(url)),
    ),
    (
        "crash::killed_at_any_instant_nothing_is_lost_or_doubled",
        |url| Box::pin(crash::killed_at_any_instant_nothing_is_lost_or_doubled(url)),
    ),
    ("crash::a_lost_answer_and_a_lost_host_are_one_send", |url| {
        Box::pin(crash::a_lost_answer_and_a_lost_host_are_one_send(url))
    }),
    (
        "campaign::killed_in_the_middle_it_reaches_nobody_twice",
        |url| Box::pin(campaign::killed_in_the_middle_it_reaches_nobody_twice(url)),
    ),
    ("campaign::pause_and_stop_hold_under_load", |url| {
        Box::pin(campaign::pause_and_stop_hold_under_load(url))
    }),
    ("demo::it_goes_on_with_what_is_there", |url| {
        Box::pin(demo::it_goes_on_with_what_is_there(url))
    }),
    ("watch::notices_are_forwarded_and_nothing_stays", |url| {
        Box::pin(watch::notices_are_forwarded_and_nothing_stays(url))
    }),
    ("watch::what_is_triggered_is_seen", |url| {
        Box::pin(watch::what_is_triggered_is_seen(url))
    }),
    ("connect::a_number_is_connected_step_by_step", |url| {
        Box::pin(connect::a_number_is_connected_step_by_step(url))
    }),
    ("doctor::each_thing_broken_alone_is_found_alone", |url| {
        Box::pin(doctor::each_thing_broken_alone_is_found_alone(url))
    }),
    (
        "drain::what_is_in_flight_is_settled_before_the_end",
        |url| Box::pin(drain::what_is_in_flight_is_settled_before_the_end(url)),
    ),
    (
        "drain::a_second_signal_or_the_end_of_patience_ends_it",
        |url| Box::pin(drain::a_second_signal_or_the_end_of_patience_ends_it(url)),
    ),
    ("keep::a_day_is_judged_again_where_it_was_restored", |url| {
        Box::pin(keep::a_day_is_judged_again_where_it_was_restored(url))
    }),
    (
        "keep::an_older_schema_is_restored_and_brought_up_to_date",
        |url| {
            Box::pin(keep::an_older_schema_is_restored_and_brought_up_to_date(
                url,
            ))
        },
    ),
    ("keep::a_tenant_moves_to_another_server", |url| {
        Box::pin(keep::a_tenant_moves_to_another_server(url))
    }),
    ("keep::a_newer_schema_is_refused_by_every_verb", |url| {
        Box::pin(keep::a_newer_schema_is_refused_by_every_verb(url))
    }),
    (
        "seeded::what_is_a_persons_or_a_secret_stays_inside",
        |url| Box::pin(seeded::what_is_a_persons_or_a_secret_stays_inside(url)),
    ),
    ("crash::the_ledger_finds_what_was_sent_twice", |url| {
        Box::pin(crash::the_ledger_finds_what_was_sent_twice(url))
    }),
];

/// Tests that passed, by engine.
#[derive(Default)]
struct Passed {
    sqlite: AtomicUsize,
    postgres: AtomicUsize,
}

/// The simulator and the door run on the runtime's own threads: the test may block.
fn on_a_runtime(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(test);
    runtime.shutdown_background();
}

/// The tests that kill hosts, once per engine that is there; each counts when it has passed.
fn killing(server: Option<&Arc<Postgres>>, passed: &Arc<Passed>) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (name, run) in KILLING.iter().copied() {
        let count = Arc::clone(passed);
        trials.push(Trial::test(format!("sqlite::{name}"), move || {
            on_a_runtime(run(None));
            count.sqlite.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }));
        if let Some(server) = server.cloned() {
            let count = Arc::clone(passed);
            trials.push(Trial::test(format!("postgres::{name}"), move || {
                on_a_runtime(run(Some(server.database())));
                count.postgres.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }));
        }
    }
    // Several hosts on one database are what Postgres is for; SQLite has no such test.
    if let Some(server) = server.cloned() {
        trials.push(Trial::test(
            "several::of_two_hosts_on_one_database_the_other_finishes",
            move || {
                on_a_runtime(crash::of_two_hosts_on_one_database_the_other_finishes(
                    server.database(),
                ));
                Ok(())
            },
        ));
    }
    if let Some(server) = server.cloned() {
        trials.push(Trial::test(
            "several::a_shop_moves_from_sqlite_to_postgres",
            move || {
                on_a_runtime(keep::a_shop_moves_from_sqlite_to_postgres(
                    server.database(),
                ));
                Ok(())
            },
        ));
    }
    if let Some(server) = server.cloned() {
        trials.push(Trial::test(
            "several::a_tenant_moves_from_sqlite_to_postgres",
            move || {
                on_a_runtime(keep::a_tenant_moves_from_sqlite_to_postgres(
                    server.database(),
                ));
                Ok(())
            },
        ));
    }
    if let Some(server) = server.cloned() {
        trials.push(Trial::test(
            "several::two_hosts_run_a_campaign_together",
            move || {
                on_a_runtime(campaign::two_hosts_run_it_together(server.database()));
                Ok(())
            },
        ));
    }
    trials
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let server = if arguments.list {
        None
    } else {
        Postgres::start().map(Arc::new)
    };
    let shops = shops::Shared::default();
    // The longest first: short ones fill the gaps.
    let passed = Arc::new(Passed::default());
    let mut trials = killing(server.as_ref(), &passed);
    for (name, test) in ALONE.iter().copied() {
        trials.push(Trial::test(name, move || {
            test();
            Ok(())
        }));
    }
    for (name, test) in AT_THE_SHOPS.iter().copied() {
        let shops = shops.clone();
        trials.push(Trial::test(name, move || {
            test(shops.get());
            Ok(())
        }));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(shops);
    if !arguments.list {
        println!(
            "portero-engines: sqlite={} postgres={}",
            passed.sqlite.load(Ordering::Relaxed),
            passed.postgres.load(Ordering::Relaxed)
        );
    }
    if server.is_none() && !arguments.list {
        println!(
            "!! Postgres was not found: {} tests were NOT run on it (install postgresql)",
            KILLING.len() + 1
        );
    }
    drop(server);
    conclusion.exit_code()
}
