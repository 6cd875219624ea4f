/** What the driver of a lesson says, in the band of every live page: it is heard wherever one is. */

const LOOK_MS = 2000;
const WAIT_MS = 8000;

async function look() {
  const place = document.getElementById('training-heard');
  try {
    const answer = await fetch('/api/v1/training', {signal: AbortSignal.timeout(WAIT_MS)});
    const told = answer.ok ? await answer.json() : null;
    if (place && told) place.textContent = told.now ? told.now.heard || told.now.title : '';
  } catch (error) {
    // the next look comes soon
  }
  setTimeout(look, LOOK_MS);
}

look();
