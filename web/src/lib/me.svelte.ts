// Who is logged in, and what he talks to.
import type { Me } from '../../generated/api';
import { who } from './api.svelte';

class Login {
  now = $state.raw<Me>();

  take(m: Me) {
    this.now = m;
    who.csrf = m.csrf ?? '';
    who.state = m.authenticated && !m.setup ? 'in' : 'out';
  }
}

export const me = new Login();
