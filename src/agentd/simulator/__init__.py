"""The simulated Twilio: a phone that calls any agentd over a real socket, and the pure line that it is made of."""
