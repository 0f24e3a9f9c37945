//! Track 0.1: bindings of `wit/v0.1` and the calls into a guest.

mod host;
mod inbound;
mod outbound;

use portero_domain::plugin::{
    Action, CallMeta, Card, Membership, MetricInfo, Observation, Personalisation, PluginKind,
    ReplyEvent, Sample, SegmentContact, SegmentInfo,
};
use wasmtime::Store;
use wasmtime::component::{HasSelf, InstancePre, Linker};

use crate::call::{ReportQuery, TemplateSignature};
use crate::guest_state::GuestState;
use crate::output::{Answer, Taker};

/// Bindings of the replies world; the other two share its imports.
mod replies {
    wasmtime::component::bindgen!({
        path: "../../wit/v0.1",
        world: "replies-plugin",
        imports: {
            "portero:plugin/kv.get": async | trappable,
            "portero:plugin/kv.keys": async | trappable,
            "portero:plugin/gate.preview": async | trappable,
            "portero:plugin/contacts.field": async | trappable,
            "portero:plugin/http.fetch": async | trappable,
            default: trappable,
        },
        exports: { default: async },
    });
}

mod segmentation {
    wasmtime::component::bindgen!({
        path: "../../wit/v0.1",
        world: "segmentation-plugin",
        with: {
            "portero:plugin/types": super::replies::portero::plugin::types,
            "portero:plugin/log": super::replies::portero::plugin::log,
            "portero:plugin/config": super::replies::portero::plugin::config,
            "portero:plugin/kv": super::replies::portero::plugin::kv,
            "portero:plugin/gate": super::replies::portero::plugin::gate,
            "portero:plugin/contacts": super::replies::portero::plugin::contacts,
            "portero:plugin/http": super::replies::portero::plugin::http,
        },
        exports: { default: async },
    });
}

mod analytics {
    wasmtime::component::bindgen!({
        path: "../../wit/v0.1",
        world: "analytics-plugin",
        with: {
            "portero:plugin/types": super::replies::portero::plugin::types,
            "portero:plugin/log": super::replies::portero::plugin::log,
            "portero:plugin/config": super::replies::portero::plugin::config,
            "portero:plugin/kv": super::replies::portero::plugin::kv,
            "portero:plugin/gate": super::replies::portero::plugin::gate,
            "portero:plugin/contacts": super::replies::portero::plugin::contacts,
            "portero:plugin/http": super::replies::portero::plugin::http,
        },
        exports: { default: async },
    });
}

use analytics::exports::portero::plugin::analytics as wit_analytics;
use replies::exports::portero::plugin::replies as wit_replies;
use replies::portero::plugin as wit;
use segmentation::exports::portero::plugin::segmentation as wit_segmentation;

/// Adds every host interface of the track.
pub(crate) fn add_to_linker(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    type S = GuestState;
    wit::types::add_to_linker::<S, HasSelf<S>>(linker, |state| state)?;
    wit::log::add_to_linker::<S, HasSelf<S>>(linker, |state| state)?;
    wit::config::add_to_linker::<S, HasSelf<S>>(linker, |state| state)?;
    wit::kv::add_to_linker::<S, HasSelf<S>>(linker, |state| state)?;
    wit::contacts::add_to_linker::<S, HasSelf<S>>(linker, |state| state)?;
    wit::http::add_to_linker::<S, HasSelf<S>>(linker, |state| state)?;
    wit::gate::add_to_linker::<S, HasSelf<S>>(linker, |state| state)
}

/// A linked component, by kind.
pub(crate) enum Entry {
    /// Answers people.
    Replies(replies::RepliesPluginPre<GuestState>),
    /// Puts contacts into segments.
    Segmentation(segmentation::SegmentationPluginPre<GuestState>),
    /// Counts what happened.
    Analytics(analytics::AnalyticsPluginPre<GuestState>),
}

/// What a call into a guest comes to: an answer to look at, or the error that ended it.
type Called<T> = wasmtime::Result<Answer<T>>;

impl Entry {
    pub(crate) fn new(kind: PluginKind, pre: InstancePre<GuestState>) -> wasmtime::Result<Entry> {
        Ok(match kind {
            PluginKind::Replies => Entry::Replies(replies::RepliesPluginPre::new(pre)?),
            PluginKind::Segmentation => {
                Entry::Segmentation(segmentation::SegmentationPluginPre::new(pre)?)
            }
            PluginKind::Analytics => Entry::Analytics(analytics::AnalyticsPluginPre::new(pre)?),
        })
    }

    /// Whether the exported functions have the types of this track, seen on a first instance.
    /// A guest that does not come to life is not judged here: each call will say why.
    pub(crate) async fn check_types(&self, store: &mut Store<GuestState>) -> wasmtime::Result<()> {
        let pre = match self {
            Entry::Replies(plugin) => plugin.instance_pre(),
            Entry::Segmentation(plugin) => plugin.instance_pre(),
            Entry::Analytics(plugin) => plugin.instance_pre(),
        };
        let Ok(instance) = pre.instantiate_async(&mut *store).await else {
            return Ok(());
        };
        match self {
            Entry::Replies(_) => replies::RepliesPlugin::new(store, &instance).map(|_| ()),
            Entry::Segmentation(_) => {
                segmentation::SegmentationPlugin::new(store, &instance).map(|_| ())
            }
            Entry::Analytics(_) => analytics::AnalyticsPlugin::new(store, &instance).map(|_| ()),
        }
    }

    pub(crate) async fn handle(
        &self,
        store: &mut Store<GuestState>,
        event: ReplyEvent,
    ) -> Called<Vec<Action>> {
        let Entry::Replies(pre) = self else {
            return Ok(Answer::WrongKind);
        };
        let plugin = pre.instantiate_async(&mut *store).await?;
        let answer = plugin
            .portero_plugin_replies()
            .call_handle(&mut *store, &inbound::event(event))
            .await?;
        Ok(finish(store, answer, |taker, actions| {
            taker.list(actions, outbound::action)
        }))
    }

    pub(crate) async fn segments(&self, store: &mut Store<GuestState>) -> Called<Vec<SegmentInfo>> {
        let Entry::Segmentation(pre) = self else {
            return Ok(Answer::WrongKind);
        };
        let plugin = pre.instantiate_async(&mut *store).await?;
        let infos = plugin
            .portero_plugin_segmentation()
            .call_segments(&mut *store)
            .await?;
        Ok(finish(store, Ok(infos), |taker, infos| {
            taker.list(infos, outbound::segment_info)
        }))
    }

    pub(crate) async fn classify(
        &self,
        store: &mut Store<GuestState>,
        meta: CallMeta,
        contacts: Vec<SegmentContact>,
    ) -> Called<Vec<Membership>> {
        let Entry::Segmentation(pre) = self else {
            return Ok(Answer::WrongKind);
        };
        let plugin = pre.instantiate_async(&mut *store).await?;
        let batch = inbound::batch(meta, contacts);
        let answer = plugin
            .portero_plugin_segmentation()
            .call_classify(&mut *store, &batch)
            .await?;
        Ok(finish(store, answer, |taker, memberships| {
            taker.list(memberships, outbound::membership)
        }))
    }

    pub(crate) async fn personalise(
        &self,
        store: &mut Store<GuestState>,
        meta: CallMeta,
        contacts: Vec<SegmentContact>,
        template: TemplateSignature,
    ) -> Called<Vec<Personalisation>> {
        let Entry::Segmentation(pre) = self else {
            return Ok(Answer::WrongKind);
        };
        let plugin = pre.instantiate_async(&mut *store).await?;
        let batch = inbound::batch(meta, contacts);
        let template = inbound::template(template);
        let answer = plugin
            .portero_plugin_segmentation()
            .call_personalise(&mut *store, &batch, &template)
            .await?;
        Ok(finish(store, answer, |taker, values| {
            taker.list(values, outbound::personalisation)
        }))
    }

    pub(crate) async fn metrics(&self, store: &mut Store<GuestState>) -> Called<Vec<MetricInfo>> {
        let Entry::Analytics(pre) = self else {
            return Ok(Answer::WrongKind);
        };
        let plugin = pre.instantiate_async(&mut *store).await?;
        let infos = plugin
            .portero_plugin_analytics()
            .call_metrics(&mut *store)
            .await?;
        Ok(finish(store, Ok(infos), |taker, infos| {
            taker.list(infos, outbound::metric_info)
        }))
    }

    pub(crate) async fn observe(
        &self,
        store: &mut Store<GuestState>,
        meta: CallMeta,
        observations: Vec<Observation>,
    ) -> Called<Vec<Sample>> {
        let Entry::Analytics(pre) = self else {
            return Ok(Answer::WrongKind);
        };
        let plugin = pre.instantiate_async(&mut *store).await?;
        let batch = inbound::observations(meta, observations);
        let answer = plugin
            .portero_plugin_analytics()
            .call_observe(&mut *store, &batch)
            .await?;
        Ok(finish(store, answer, |taker, samples| {
            taker.list(samples, outbound::sample)
        }))
    }

    pub(crate) async fn report(
        &self,
        store: &mut Store<GuestState>,
        query: ReportQuery,
    ) -> Called<Vec<Card>> {
        let Entry::Analytics(pre) = self else {
            return Ok(Answer::WrongKind);
        };
        let plugin = pre.instantiate_async(&mut *store).await?;
        let query = inbound::query(query);
        let answer = plugin
            .portero_plugin_analytics()
            .call_report(&mut *store, &query)
            .await?;
        Ok(finish(store, answer, |taker, cards| {
            taker.list(cards, outbound::card)
        }))
    }
}

/// Takes over what a guest returned, within the call's limits.
fn finish<W, T>(
    store: &Store<GuestState>,
    answer: Result<Vec<W>, wit::types::Failure>,
    take: impl FnOnce(&mut Taker<'_>, Vec<W>) -> Result<Vec<T>, String>,
) -> Answer<Vec<T>> {
    match answer {
        Err(failure) => Answer::Failure(outbound::failure(failure)),
        Ok(items) => match take(&mut Taker::new(store.data()), items) {
            Ok(items) => Answer::Value(items),
            Err(what) => Answer::Invalid(what),
        },
    }
}
