//! Through the doors users use: public HTTP and webhooks, on SQLite and on Postgres.
//!
//! Every test is listed once per engine. The clock stands still unless a test moves it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test ends where an expectation does not hold"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "the runner of these tests is theirs"
)]

mod access;
mod answers;
mod api_errors;
mod api_fuzz;
mod api_limits;
mod apps;
mod audit;
mod campaign_form;
mod campaign_holds;
mod campaign_plans;
mod campaigns;
mod canary;
mod carts;
mod checklist;
mod clock;
mod connect;
mod consent;
mod console_campaigns;
mod console_manage;
mod console_policy;
mod console_retention;
mod contact_leaves;
mod contacts_page;
mod denied;
mod dials;
mod door;
mod erasure;
mod etags;
mod fetches;
mod fields;
mod figures;
mod figures_sql;
mod flow_walk;
mod foreign;
mod guests;
mod handover;
mod harness;
mod home;
mod imports;
mod imports_consent;
mod list_pages;
mod lost_answer;
mod masked;
mod me;
mod meta_says;
mod money;
mod not_through;
mod once;
mod page_imports;
mod page_inbox;
mod page_person;
mod page_phone;
mod page_sandbox;
mod page_wordings;
mod people_doors;
mod plugin_calls;
mod plugin_journal;
mod plugin_refusals;
mod plugin_switch;
mod plugin_trust;
mod plugin_versions;
mod policy;
mod progress;
mod proofs;
mod questions;
mod registries;
mod retention;
mod roles;
mod rules;
mod sandbox;
mod seen_by_api;
mod segments;
mod segments_many;
mod silence;
mod standing_out;
mod stop;
mod systems;
mod tenant_move;
mod tenants;
mod trouble;
mod users;
mod verdicts;
mod webhooks;
mod webhooks_out;
mod why_this_person;
mod yellow;

use std::process::ExitCode;

fn main() -> ExitCode {
    harness::run(&[
        rules::TESTS,
        campaign_form::TESTS,
        campaign_holds::TESTS,
        campaign_plans::TESTS,
        carts::TESTS,
        yellow::TESTS,
        silence::TESTS,
        canary::TESTS,
        contact_leaves::TESTS,
        denied::TESTS,
        foreign::TESTS,
        dials::TESTS,
        masked::TESTS,
        me::TESTS,
        proofs::TESTS,
        questions::TESTS,
        verdicts::TESTS,
        console_campaigns::TESTS,
        console_manage::TESTS,
        registries::TESTS,
        standing_out::TESTS,
        segments_many::TESTS,
        guests::TESTS,
        fetches::TESTS,
        plugin_versions::TESTS,
        plugin_trust::TESTS,
        plugin_refusals::TESTS,
        plugin_calls::TESTS,
        plugin_journal::TESTS,
        users::TESTS,
        home::TESTS,
        contacts_page::TESTS,
        people_doors::TESTS,
        list_pages::TESTS,
        plugin_switch::TESTS,
        audit::TESTS,
        erasure::TESTS,
        etags::TESTS,
        policy::TESTS,
        connect::TESTS,
        console_policy::TESTS,
        console_retention::TESTS,
        api_fuzz::TESTS,
        api_limits::TESTS,
        retention::TESTS,
        tenant_move::TESTS,
        trouble::TESTS,
        seen_by_api::TESTS,
        once::TESTS,
        progress::TESTS,
        page_sandbox::TESTS,
        page_imports::TESTS,
        page_wordings::TESTS,
        page_phone::TESTS,
        page_inbox::TESTS,
        page_person::TESTS,
        TESTS,
    ])
}

const TESTS: &[harness::Test] = &[
    harness::test!(flow_walk::a_message_is_answered_and_its_statuses_come_back),
    harness::test!(flow_walk::an_unconsented_promotion_is_refused_with_its_remedy),
    harness::test!(flow_walk::the_same_plugin_speaks_each_shops_language),
    harness::test!(flow_walk::a_person_asked_for_silences_the_bot_until_given_back),
    harness::test!(flow_walk::a_business_event_takes_effect_once),
    harness::test!(flow_walk::a_plugin_that_loops_is_cut_off_and_a_person_takes_over),
    harness::test!(flow_walk::a_verdict_record_replays_without_a_database),
    harness::test!(handover::a_conversation_is_answered_by_a_person_and_given_back),
    harness::test!(handover::nobody_is_left_waiting_without_an_alert),
    harness::test!(why_this_person::a_campaign_says_why_it_wrote_to_somebody),
    harness::test!(meta_says::what_meta_says_of_a_number_is_shown_and_dated),
    harness::test!(meta_says::an_answer_from_the_shops_phone_silences_the_bot),
    harness::test!(meta_says::a_changed_number_keeps_the_person_and_their_opt_out),
    harness::test!(meta_says::a_person_asks_what_they_agreed_to_and_is_told),
    harness::test!(answers::a_cart_is_reminded_of_once_after_its_delay_and_never_after_an_order),
    harness::test!(answers::carts_fall_silent_after_every_kind_of_opt_out),
    harness::test!(answers::a_parcel_is_told_of_once_as_text_or_template),
    harness::test!(answers::parcels_fall_silent_only_after_an_opt_out_of_everything),
    harness::test!(answers::a_cart_told_after_an_order_that_named_none_starts_nothing),
    harness::test!(checklist::the_list_says_what_is_missing_until_it_is_there),
    harness::test!(checklist::a_token_that_meta_does_not_take_is_told_in_its_words),
    harness::test!(checklist::the_page_says_it_in_three_languages_and_asks_when_told_to),
    harness::test!(checklist::a_shop_without_a_number_is_told_to_connect_one),
    harness::test!(checklist::a_number_is_registered_with_its_pin),
    harness::test!(sandbox::who_answered_the_code_is_written_to_and_nobody_else),
    harness::test!(apps::another_apps_secret_has_no_effect),
    harness::test!(fields::a_call_opens_the_window),
    harness::test!(fields::a_chat_that_others_answer_is_silent_and_its_opt_out_counts),
    harness::test!(fields::a_template_whose_text_changed_is_asked_for),
    harness::test!(fields::an_account_that_left_sends_nothing_until_it_is_back),
    harness::test!(fields::two_tenants_of_one_account_both_hear_of_it),
    harness::test!(money::a_budget_set_in_the_middle_sees_the_month_so_far),
    harness::test!(money::a_delivery_without_a_word_on_money_costs_what_it_left_with),
    harness::test!(figures::every_figure_equals_a_count_over_the_raw_rows),
    harness::test!(figures::a_crash_between_batches_neither_loses_nor_doubles),
    harness::test!(figures::bad_questions_are_answered_with_what_to_do),
    harness::test!(figures::a_small_sum_is_not_lost_behind_large_ones),
    harness::test!(webhooks::a_wrong_signature_is_turned_away_and_stores_nothing),
    harness::test!(webhooks::a_body_beyond_the_limit_is_not_read),
    harness::test!(webhooks::duplicates_in_any_order_take_effect_once),
    harness::test!(webhooks::what_nobody_understands_is_kept_and_answered_200),
    harness::test!(webhooks::a_number_nobody_owns_is_kept_for_the_operator),
    harness::test!(webhooks::a_person_without_a_phone_number_is_answered),
    harness::test!(webhooks::verification_answers_the_challenge_only_to_the_right_token),
    harness::test!(webhooks::statuses_never_go_backwards),
    harness::test!(webhooks::statuses_at_the_same_moment_count_once_each),
    harness::test!(webhooks::a_batch_for_two_tenants_reaches_each),
    harness::test!(consent::an_opt_out_word_stops_queued_and_later_promotion_at_once),
    harness::test!(consent::an_opt_out_reaches_every_spelling_of_a_number),
    harness::test!(consent::a_yes_to_the_hosts_question_is_consent_with_its_promise),
    harness::test!(consent::whatsapps_own_stop_is_obeyed),
    harness::test!(consent::a_template_paused_by_webhook_is_put_off),
    harness::test!(consent::a_grant_by_the_api_carries_its_proof_or_is_refused),
    harness::test!(consent::plugins_hear_of_consent_only_when_it_stands),
    harness::test!(lost_answer::a_lost_answer_is_one_send_and_one_settled_state),
    harness::test!(lost_answer::a_refusal_of_meta_is_shown_with_its_code),
    harness::test!(not_through::an_outage_of_minutes_loses_no_message),
    harness::test!(not_through::a_clearance_that_ran_out_is_judged_again_and_is_no_try),
    harness::test!(not_through::an_error_of_the_account_stops_its_every_number),
    harness::test!(not_through::a_template_meta_knows_otherwise_rests_until_a_sync),
    harness::test!(not_through::an_older_word_on_a_template_never_overrides_a_newer_one),
    harness::test!(not_through::strange_long_names_are_kept_and_answered_200),
    harness::test!(not_through::a_tenant_in_simulator_mode_never_reaches_the_real_graph),
    harness::test!(campaigns::what_comes_back_to_a_stopped_campaign_is_cancelled),
    harness::test!(campaigns::everybody_is_counted_and_only_the_approved_plan_runs),
    harness::test!(campaigns::somebody_else_approves_where_the_account_wants_it),
    harness::test!(campaigns::values_come_from_the_person_and_who_has_none_is_left_out),
    harness::test!(campaigns::pause_rests_resume_goes_on_and_stop_cancels_the_rest),
    harness::test!(campaigns::a_template_paused_in_the_middle_pauses_its_campaign),
    harness::test!(campaigns::an_opt_out_in_the_middle_is_obeyed_and_counted),
    harness::test!(campaigns::a_clock_that_jumps_over_the_end_holds_the_campaign),
    harness::test!(campaigns::a_scheduled_campaign_starts_by_itself_and_not_too_late),
    harness::test!(campaigns::a_campaign_that_does_not_arrive_brakes_itself),
    harness::test!(campaigns::a_segment_gets_the_plugins_words),
    harness::test!(webhooks_out::what_happens_is_told_signed_and_once),
    harness::test!(webhooks_out::what_does_not_arrive_is_tried_again_then_given_up_and_shown),
    harness::test!(webhooks_out::a_secret_is_rotated_without_a_gap),
    harness::test!(webhooks_out::an_address_inside_is_refused_with_the_reason),
    harness::test!(webhooks_out::an_endpoint_nobody_fetches_from_goes),
    harness::test!(clock::a_jump_waits_for_what_is_in_hand_at_both_doors),
    harness::test!(stop::a_stopped_tenant_sends_nothing_until_resumed),
    harness::test!(imports::good_lines_go_in_and_bad_ones_are_told_with_line_and_reason),
    harness::test!(imports::a_file_that_breaks_off_goes_on_where_it_stands),
    harness::test!(imports::an_export_can_be_read_in_again),
    harness::test!(imports::two_addresses_of_one_person_in_a_file_are_one_person),
    harness::test!(imports::a_dry_run_counts_somebody_once_wherever_they_stand),
    harness::test!(segments::membership_follows_messages_orders_and_carts),
    harness::test!(segments::a_plugin_that_stumbles_over_one_loses_nobody_else),
    harness::test!(segments::events_of_a_wrong_type_are_refused_and_store_nothing),
    harness::test!(tenants::every_endpoint_needs_a_token),
    harness::test!(roles::each_role_does_what_its_rights_say_and_nothing_else),
    harness::test!(roles::what_changes_something_asks_for_more_than_looking),
    harness::test!(roles::without_the_right_nothing_of_a_person_is_shown),
    harness::test!(roles::the_pages_ask_for_rights_too),
    harness::test!(access::a_token_runs_out_at_its_instant),
    harness::test!(access::an_owner_keeps_the_tokens_of_the_own_tenant_alone),
    harness::test!(access::a_login_link_works_once_and_a_jump_ends_no_session),
    harness::test!(api_errors::errors_are_problem_details_that_say_what_to_do),
    harness::test!(api_errors::an_idempotency_key_means_one_message),
    harness::test!(api_errors::a_method_that_a_path_does_not_take_is_answered_as_documented),
    harness::test!(imports_consent::consent_in_a_file_needs_somebody_who_answers_for_it),
    harness::test!(imports_consent::a_file_is_proof_as_a_whole_or_not_at_all),
    harness::test!(imports_consent::of_one_person_twice_in_a_file_the_stricter_counts),
    harness::test!(imports_consent::a_file_never_brings_back_who_opted_out),
];
