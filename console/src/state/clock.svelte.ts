/** The present, in steps of ten seconds: whatever says "3 min ago" stays right. */

class Clock {
  now = $state(Date.now());

  constructor() {
    setInterval(() => {
      this.now = Date.now();
    }, 10_000);
  }
}

export const clock = new Clock();
