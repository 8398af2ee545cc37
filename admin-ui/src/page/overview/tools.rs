//! Search, sort, cards or list.

use super::Shown;
use super::arrange::Sort;
use crate::me::Me;
use crate::text;
use leptos::prelude::*;

/// The line above the channels.
#[component]
pub(super) fn Tools(shown: Shown, is_list: Memo<bool>, slugs: Memo<Vec<String>>) -> impl IntoView {
    let me = Me::here();
    let sort = RwSignal::new(Sort::default().value().to_owned());
    Effect::new(move |_| {
        let wanted = sort.with(|wanted| Sort::ALL.into_iter().find(|sort| sort.value() == wanted));
        shown.sort.set(wanted.unwrap_or_default());
    });
    let options =
        Sort::ALL.map(|sort| view! { <option value=sort.value()>{text::sort(sort.value())}</option> });
    let layout = move |list: bool, word: &'static str| {
        view! {
            <button type="button" aria-pressed=move || (is_list.get() == list).to_string() on:click=move |_| shown.want(list)>{word}</button>
        }
    };
    let all = move |_| shown.chosen.set(slugs.get_untracked().into_iter().collect());
    view! {
        <div class="tools" role="search">
            <label class="search">
                <span class="off-screen">{text::SEARCH}</span>
                <input type="search" name="search" placeholder=text::SEARCH autocomplete="off" bind:value=shown.search/>
            </label>
            <label class="sort">{text::SORT}<select name="sort" bind:value=sort>{options.collect_view()}</select></label>
            <Show when=move || me.may_change()>
                <button type="button" on:click=all>{text::CHOOSE_ALL}</button>
            </Show>
            <div class="segments" role="group" aria-label=text::LAYOUT>{layout(false, text::CARDS)}{layout(true, text::LIST)}</div>
        </div>
    }
}
