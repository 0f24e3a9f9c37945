//! Track 0.1: bindings of `wit/v0.1` and the calls into a guest.

mod host;
mod inbound;
mod outbound;

use portero_domain::plugin::{
    Action, CallMeta, Card, Membership, MetricInfo, Observation, Personalisation, PluginKind,
    ReplyEvent, Sample, SegmentContact, SegmentInfo,
};
use wasmtime::component::{
    ComponentExportIndex, HasSelf, Instance, InstancePre, Linker, TypedFunc,
};
use wasmtime::{Store, StoreContextMut};

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
            "portero:plugin/contacts.field": async | trappable,
            "portero:plugin/http.fetch": async | trappable,
            default: trappable,
        },
        // Sync on purpose, as is `gate`: the record `send` of the WIT becomes a Rust type `Send`,
        // which hides the trait that async bindings name. Both are linked by hand below.
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
    linker
        .instance("portero:plugin/gate@0.1.0")?
        .func_wrap_async(
            "preview",
            |mut store: StoreContextMut<'_, S>, (message,): (wit::types::Send,)| {
                Box::new(async move { Ok((store.data_mut().preview(message).await?,)) })
            },
        )
}

/// A linked replies component and its one function.
pub(crate) struct RepliesEntry {
    pre: InstancePre<GuestState>,
    handle: ComponentExportIndex,
}

type Handled = Result<Vec<wit_replies::Action>, wit::types::Failure>;

impl RepliesEntry {
    fn new(pre: InstancePre<GuestState>) -> wasmtime::Result<RepliesEntry> {
        let component = pre.component();
        let handle = component
            .get_export_index(None, "portero:plugin/replies@0.1.0")
            .and_then(|replies| component.get_export_index(Some(&replies), "handle"))
            .ok_or_else(|| wasmtime::format_err!("no exported function `handle`"))?;
        Ok(RepliesEntry { pre, handle })
    }

    fn function<'e>(
        &self,
        store: &mut Store<GuestState>,
        instance: &Instance,
    ) -> wasmtime::Result<TypedFunc<(&'e wit::types::Event,), (Handled,)>> {
        instance.get_typed_func(store, self.handle)
    }

    async fn call(
        &self,
        store: &mut Store<GuestState>,
        event: &wit::types::Event,
    ) -> wasmtime::Result<Handled> {
        let instance = self.pre.instantiate_async(&mut *store).await?;
        let handle = self.function(store, &instance)?;
        let (answer,) = handle.call_async(&mut *store, (event,)).await?;
        Ok(answer)
    }
}

/// A linked component, by kind.
pub(crate) enum Entry {
    /// Answers people.
    Replies(RepliesEntry),
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
            PluginKind::Replies => Entry::Replies(RepliesEntry::new(pre)?),
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
            Entry::Replies(plugin) => &plugin.pre,
            Entry::Segmentation(plugin) => plugin.instance_pre(),
            Entry::Analytics(plugin) => plugin.instance_pre(),
        };
        let Ok(instance) = pre.instantiate_async(&mut *store).await else {
            return Ok(());
        };
        match self {
            Entry::Replies(plugin) => plugin.function(store, &instance).map(|_| ()),
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
        let Entry::Replies(plugin) = self else {
            return Ok(Answer::WrongKind);
        };
        let answer = plugin.call(store, &inbound::event(event)).await?;
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
