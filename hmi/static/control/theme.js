/** Day and night: two palettes with one meaning; the browser keeps the choice. */

const COOKIE = 'daozha_control_theme';
const A_YEAR_S = 31_536_000;

/** @param {HTMLElement} button */
export function keepTheme(button) {
  button.addEventListener('click', () => {
    const {dataset} = document.documentElement;
    dataset.theme = dataset.theme === 'night' ? 'day' : 'night';
    document.cookie = `${COOKIE}=${dataset.theme}; Path=/; SameSite=Strict; Max-Age=${A_YEAR_S}`;
  });
}
