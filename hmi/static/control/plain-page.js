/** A page that shows what the server wrote, below the header of all pages. */

import {startShell} from './shell.js';

await startShell();
