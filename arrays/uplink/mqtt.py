"""MQTT 5 to a broker that the centre reads: reports to tocsin/reports/NODE at QoS 1, answers on tocsin/answers/NODE."""

from __future__ import annotations

import threading
from typing import Any

from acoustic.errors import ResourceError
from arrays.broker import Broker
from arrays.parcel import Answers
from arrays.uplink import TakeOrders
from arrays.uplink.mailbox import Mailbox, answered
from arrays.uplink.patience import be_patient

try:
    import paho.mqtt.client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion
except ImportError as error:
    raise ResourceError("the link's url asks for MQTT; install tocsin[mqtt]") from error

REPORTS, ANSWERS = "tocsin/reports", "tocsin/answers"
CONNECT_S = 60.0
ANSWER_S = 60.0
NO_READER = 0x10  # MQTT 5: the broker took a message that nobody has subscribed to, and has forgotten it
KEEPALIVE_S = 240  # less than most networks' patience with a connection that is silent


class MqttUplink:
    """One connection, kept open and taken up again."""

    lanes = 4
    exchange_bytes = 500  # TLS included, 22 bytes a message

    def __init__(self, broker: Broker, mailbox: Mailbox) -> None:
        self._broker, self._mailbox = broker, mailbox
        self._lock = threading.Lock()
        self._client: mqtt.Client | None = None

    def send(self, parcel: bytes) -> Answers:
        """Publish a parcel and wait for the centre's answer. Raises ResourceError."""
        with self._mailbox.expecting(parcel) as answer:
            sent = self._connected().publish(f"{REPORTS}/{self._mailbox.node}", parcel, qos=1)
            if sent.rc != mqtt.MQTT_ERR_SUCCESS:
                raise self._broken(mqtt.error_string(sent.rc))
            return answered(answer, ANSWER_S, self._broker.place)

    def listen(self, take: TakeOrders) -> None:
        """Orders come on the same connection."""
        self._mailbox.listen(take)

    def close(self) -> None:
        """Let the connection go."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def _connected(self) -> mqtt.Client:
        with self._lock:
            if self._client is None or not self._client.is_connected():
                self._drop()
                self._client = self._connect()
            return self._client

    def _connect(self) -> mqtt.Client:
        """A new connection, subscribed to the answers; one that reconnects by itself would send again by itself."""
        client = new_client(self._broker, f"tocsin-node-{self._mailbox.node}", reconnect_on_failure=False)
        ready, refusal = threading.Event(), [""]

        def connected(_client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
            if reason.is_failure:
                refusal[0] = str(reason)
                ready.set()
            else:
                client.subscribe(f"{ANSWERS}/{self._mailbox.node}", qos=1)

        def subscribed(_client: mqtt.Client, _data: Any, _id: int, reasons: list[Any], _properties: Any) -> None:
            if reasons[0].is_failure:
                refusal[0] = f"the answers may not be read ({reasons[0]})"
            ready.set()

        def disconnected(_client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
            refusal[0] = refusal[0] or str(reason)
            ready.set()
            self._mailbox.lost(f"{self._broker.place} hung up: {reason}")

        def published(_client: mqtt.Client, _data: Any, _id: int, reason: Any, _properties: Any) -> None:
            if reason.value == NO_READER:
                self._mailbox.lost(f"{self._broker.place} has no centre that reads it")

        def came(_client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
            self._mailbox.hear(bytes(message.payload))

        client.on_connect, client.on_subscribe, client.on_disconnect = connected, subscribed, disconnected
        client.on_publish, client.on_message = published, came
        try:
            client.connect(*self._broker.address, keepalive=KEEPALIVE_S, clean_start=True)
        except (OSError, ValueError) as error:
            raise self._broken(getattr(error, "strerror", None) or str(error)) from error
        client.loop_start()
        if not ready.wait(CONNECT_S) or refusal[0]:
            client.disconnect()
            client.loop_stop()
            raise self._broken(refusal[0] or "no answer in time")
        return client

    def _broken(self, why: str) -> ResourceError:
        return ResourceError(f"{self._broker.place} cannot be used: {why}")


def new_client(broker: Broker, identity: str, **more: Any) -> mqtt.Client:
    """A client that is not connected yet. Raises ResourceError where the broker's files cannot be used."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=identity, protocol=mqtt.MQTTv5, **more)
    client.connect_timeout = CONNECT_S
    if broker.user:
        client.username_pw_set(broker.user, broker.password())
    if (context := broker.tls()) is not None:
        client.tls_set_context(context)

    def opened(_client: mqtt.Client, _data: Any, connection: Any) -> None:
        be_patient(connection)

    client.on_socket_open = opened
    return client
