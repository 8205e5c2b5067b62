import { mount } from 'svelte';
import App from './App.svelte';
import './styles/tokens.css';
import './styles/base.css';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no element #app');
// The word that the page itself shows while the code comes, the console shows while it asks who is signed in.
target.replaceChildren();
mount(App, { target });
