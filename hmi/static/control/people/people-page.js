/** The people page: who there is, what they may, where they are signed in, and the tokens of their programs. */

import {LitElement, html, nothing} from '../../vendor/lit.js';
import {list, send} from '../api.js';
import {dayAndTime, duration} from '../format.js';
import {element, startShell} from '../shell.js';
import {said, t} from '../texts.js';

const ROLES = ['operator', 'technician', 'manager', 'administrator', 'auditor', 'system'];

/** @type {{people: any[], sessions: any[], tokens: any[], log: any[], of: string, word: string, secret: string}} */
const seen = {people: [], sessions: [], tokens: [], log: [], of: '', word: '', secret: ''};

async function refresh() {
  if (page.seesPeople) {
    seen.people = (await list('/api/v1/people')) ?? seen.people;
    seen.sessions = (await list('/api/v1/sessions')) ?? seen.sessions;
  }
  seen.tokens = (await list('/api/v1/tokens')) ?? seen.tokens;
  show();
}

/**
 * Do something, say what came of it, and look again.
 * @param {string} path
 * @param {object} body
 */
async function act(path, body) {
  const answer = await send(path, body);
  const why = said(answer.why);
  seen.word = answer.outcome === 'done' ? t('Done.') : answer.outcome === 'refused' ? t('Refused: {why}', {why}) : t('Nobody knows whether it happened. Look at the list. ({why})', {why});
  seen.secret = answer.outcome === 'done' ? (answer.value?.password ?? answer.value?.token ?? '') : '';
  if (seen.of) await look(seen.of);
  await refresh();
  document.querySelector('.outcome')?.scrollIntoView({block: 'nearest'});
  return answer.outcome === 'done';
}

/** @param {string} name */
async function look(name) {
  seen.of = name;
  seen.log = (await list(`/api/v1/people/${encodeURIComponent(name)}/log`)) ?? [];
  show();
}

/** @param {SubmitEvent} event */
function fieldsOf(event) {
  event.preventDefault();
  return /** @type {Record<string, string>} */ (Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (event.target))));
}

/** @param {SubmitEvent} event */
async function change(event) {
  const {deed, role, reason} = fieldsOf(event);
  const path = `/api/v1/people/${encodeURIComponent(seen.of)}/${deed}`;
  await act(path, deed === 'role' ? {role, reason} : {reason});
}

/** @param {SubmitEvent} event */
async function add(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (await act('/api/v1/people', fieldsOf(event))) form.reset();
}

/** @param {SubmitEvent} event */
async function makeToken(event) {
  const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
  const {label, days, owner = ''} = fieldsOf(event);
  await act('/api/v1/tokens', {label, days: Number(days), owner, rights: form.getAll('right').map(String)});
}

/** @param {string | null} time */
const when = (time) => (time ? dayAndTime(new Date(time)) : '');

/** @param {number} s */
const lasted = (s) => duration(Math.round(s / 60));

function roleName(/** @type {string} */ role) {
  const names = {
    operator: t('operator'), technician: t('technician'), manager: t('manager'), administrator: t('administrator'),
    auditor: t('auditor'), system: t('another system'),
  };
  return names[/** @type {keyof typeof names} */ (role)] ?? role;
}

function show() {
  element('people').requestUpdate();
}

function whole() {
  return html`
    <p class="outcome" role="status">${seen.word}</p>
    ${seen.secret ? html`<p class="secret">${t('Shown this once:')} <code id="secret">${seen.secret}</code></p>` : nothing}
    ${page.seesPeople ? html`${peopleTable()}${seen.of ? person() : nothing}${sessionTable()}` : nothing}
    ${tokenTable()}`;
}

function peopleTable() {
  return html`<section class="card"><h2>${t('People')}</h2><div class="wide" tabindex="0" role="region" aria-label=${t('People')}><table>
    <thead><tr><th>${t('Name')}</th><th>${t('Role')}</th><th>${t('State')}</th><th>${t('Last sign-in')}</th><th>${t('Account since')}</th><th></th></tr></thead>
    <tbody>${seen.people.map((one) => html`<tr data-person=${one.name}><th scope="row">${one.name}</th><td>${roleName(one.role)}</td>
      <td>${one.locked_at ? t('locked') : one.must_change ? t('has a password for once') : ''}</td><td>${when(one.signed_in_at)}</td><td>${when(one.made_at)}</td>
      <td><button type="button" aria-pressed=${seen.of === one.name} @click=${() => look(one.name)}>${t('Look')}</button></td></tr>`)}</tbody>
  </table></div>${page.changesPeople ? newPerson() : nothing}</section>`;
}

function roleChoice() {
  return html`<label class="field">${t('Role')} <select name="role">${ROLES.map((role) => html`<option value=${role}>${roleName(role)}</option>`)}</select></label>`;
}

function newPerson() {
  return html`<form class="panel" id="add" autocomplete="off" @submit=${add}><h3>${t('Add a person')}</h3>
    <label class="field">${t('Name')} <input name="name" required maxlength="64"></label>${roleChoice()}
    <label class="field">${t('Reason')} <input name="reason" required maxlength="200"></label>
    <button class="primary">${t('Add')}</button></form>`;
}

function person() {
  const deeds = {role: t('Change the role'), lock: t('Lock out'), unlock: t('Let in again'), password: t('New password for once'), kick: t('Sign out everywhere')};
  return html`<section class="card"><h2>${seen.of}</h2>
    ${page.changesPeople && seen.of !== page.me ? html`<form class="panel" id="change" autocomplete="off" @submit=${change}>
      <label class="field">${t('Do')} <select name="deed">${Object.entries(deeds).map(([deed, words]) => html`<option value=${deed}>${words}</option>`)}</select></label>
      ${roleChoice()}<label class="field">${t('Reason')} <input name="reason" required maxlength="200"></label>
      <button class="primary">${t('Do it')}</button></form>` : nothing}
    <div class="wide" tabindex="0" role="region" aria-label=${t('What happened to this account')}><table>
      <thead><tr><th>${t('Time')}</th><th>${t('By whom')}</th><th>${t('What')}</th><th>${t('Before')}</th><th>${t('After')}</th><th>${t('Reason')}</th></tr></thead>
      <tbody>${seen.log.map((row) => html`<tr><td>${when(row.at)}</td><td>${row.actor}</td><td>${said(row.what)} ${row.body.address ?? ''}</td>
        <td>${words(row.body.before)}</td><td>${words(row.body.after)}</td><td>${row.body.reason ?? ''}</td></tr>`)}</tbody></table></div></section>`;
}

/** @param {Record<string, any> | undefined} values */
function words(values) {
  return Object.entries(values ?? {}).map(([name, value]) => `${name}: ${value ?? '–'}`).join(', ');
}

function sessionTable() {
  return html`<section class="card"><h2>${t('Signed in now')}</h2><div class="wide" tabindex="0" role="region" aria-label=${t('Signed in now')}><table>
    <thead><tr><th>${t('Name')}</th><th>${t('Role')}</th><th>${t('Signed in for')}</th><th>${t('Untouched for')}</th></tr></thead>
    <tbody>${seen.sessions.map((one) => html`<tr><th scope="row">${one.name}${one.is_this ? ` (${t('this screen')})` : ''}</th><td>${roleName(one.role)}</td>
      <td>${lasted(one.since_s)}</td><td>${lasted(one.idle_s)}</td></tr>`)}</tbody></table></div></section>`;
}

function tokenTable() {
  return html`<section class="card"><h2>${t('Tokens of programs')}</h2><div class="wide" tabindex="0" role="region" aria-label=${t('Tokens of programs')}><table>
    <thead><tr><th>${t('In whose name')}</th><th>${t('What for')}</th><th>${t('Rights')}</th><th>${t('Good until')}</th><th>${t('Last used')}</th><th></th></tr></thead>
    <tbody>${seen.tokens.map((one) => html`<tr data-token=${one.id}><td>${one.owner}</td><td>${one.label}</td><td>${one.rights.map((/** @type {string} */ right) => html`<code>${right}</code> `)}</td>
      <td>${one.revoked_at ? t('revoked') : when(one.expires_at)}</td><td>${when(one.used_at)}</td>
      <td>${page.makesTokens && !one.revoked_at ? html`<button type="button" @click=${() => act(`/api/v1/tokens/${one.id}/revoke`, {})}>${t('Revoke')}</button>` : nothing}</td></tr>`)}</tbody></table></div>${page.makesTokens ? newToken() : nothing}</section>`;
}

function newToken() {
  return html`<form class="panel" id="token" autocomplete="off" @submit=${makeToken}><h3>${t('Make a token')}</h3>
    <label class="field">${t('What for')} <input name="label" required maxlength="64"></label>
    <label class="field">${t('Good for how many days')} <input name="days" type="number" min="1" max="366" value="90" required></label>
    ${page.makesAny ? html`<label class="field">${t('In whose name')} <input name="owner" maxlength="64" placeholder=${page.me}></label>` : nothing}
    <fieldset class="rights"><legend>${t('Rights')}</legend>${page.roles[page.role].map((/** @type {string} */ right) => html`<label><input type="checkbox" name="right" value=${right}> <code>${right}</code></label>`)}</fieldset>
    <button class="primary">${t('Make')}</button></form>`;
}

class PeoplePage extends LitElement {
  createRenderRoot() {
    return this;
  }

  render() {
    return whole();
  }
}

const {page} = await startShell();
customElements.define('people-page', PeoplePage);
await refresh();
