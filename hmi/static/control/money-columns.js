/** The lists of the money page: what each is called, and which columns it has. */

import {t} from './texts.js';

/** @typedef {{key: string, head: () => string}} Column */
/** @typedef {{name: string, title: () => string, columns: Column[]}} List */

/** What columns are called, the same in every list.
 * @type {Record<string, () => string>} */
const HEADS = {
  account: () => t('Account'),
  debit_fen: () => t('Debit'),
  credit_fen: () => t('Credit'),
  operator: () => t('Person'),
  opened_at: () => t('Opened'),
  closed_at: () => t('Handed over'),
  float_fen: () => t('Float'),
  stays_fen: () => t('For stays'),
  arrears_fen: () => t('For arrears'),
  voids_fen: () => t('Taken back'),
  counted_fen: () => t('Counted'),
  difference_fen: () => t('Difference'),
  taken_by: () => t('Taken over by'),
  made_at: () => t('Time'),
  number: () => t('Number'),
  amount_fen: () => t('Amount'),
  reason: () => t('Reason'),
  state: () => t('State'),
  by: () => t('Person'),
  what: () => t('What is it about'),
  owner: () => t('Owner'),
  day: () => t('Day'),
  bill: () => t('Bill'),
  rows: () => t('Rows'),
  agreed: () => t('Agreed'),
  only_ours: () => t('Only ours'),
  only_theirs: () => t('Only theirs'),
  differ: () => t('Differ'),
  fee_fen: () => t('WeChat’s fee'),
  merchant: () => t('Merchant'),
  manner: () => t('Manner'),
  limit_fen: () => t('Limit'),
  owes_fen: () => t('Owed'),
  plate: () => t('Plate'),
  kind: () => t('Kind'),
  value: () => t('Worth'),
  given_at: () => t('Given'),
  valid_until: () => t('Valid until'),
  card: () => t('Card'),
  title: () => t('Product'),
  holder: () => t('Holder'),
  plates: () => t('Plates'),
  until: () => t('Valid until'),
  host: () => t('Host'),
  comes_at: () => t('Comes from'),
  goes_at: () => t('Comes until'),
  pays: () => t('Host pays'),
  came: () => t('Times come'),
  part_fen: () => t('Host’s part'),
  note: () => t('Note'),
};

/**
 * @param {string} name
 * @param {() => string} title
 * @param {string} keys
 * @returns {List}
 */
const list = (name, title, keys) => ({name, title, columns: keys.split(' ').map((key) => ({key, head: HEADS[key]}))});

/** @type {List[]} */
export const LISTS = [
  list('balances', () => t('Trial balance'), 'account debit_fen credit_fen'),
  list('cases', () => t('Money cases'), 'opened_at what owner'),
  list('refunds', () => t('Refunds'), 'made_at number amount_fen reason state by'),
  list('days', () => t('WeChat’s bills'), 'day bill state rows agreed only_ours only_theirs differ fee_fen'),
  list('arrears', () => t('Arrears'), 'plate owes_fen'),
  list('merchants', () => t('Merchants'), 'merchant manner limit_fen owes_fen'),
  list('vouchers', () => t('Vouchers'), 'merchant plate kind value state given_at valid_until'),
  list('bookings', () => t('Visitors'), 'host plate comes_at goes_at pays value state came part_fen note'),
  list('cards', () => t('Month cards'), 'card title holder plates until state'),
  list(
    'tills',
    () => t('Tills'),
    'operator opened_at closed_at float_fen stays_fen arrears_fen voids_fen counted_fen difference_fen taken_by',
  ),
];
