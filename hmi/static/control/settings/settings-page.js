/** A page of settings: its forms and lists are made by the server; what stands above them lives. */

import {startShell} from '../shell.js';

startShell();
