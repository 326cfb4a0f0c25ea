"""A session without a window: the command `trader-gui run`."""

import argparse
import asyncio
import json
import sys

from trader_gui.credentials import KeyStore
from trader_gui.log import start_logging
from trader_gui.profiles import PROFILES
from trader_gui.rt_trader import RtTrader, SessionOptions, Summary
from trader_gui.rt_trader.host import load_keys, stop_on_signals
from trader_gui.settings import DataDirectory, Settings, load_settings


def run_headless(arguments: argparse.Namespace) -> int:
    """Run the session that the command line asks for and print its summary.

    Raises:
        TraderError: The session cannot start or cannot go on.
    """
    summary = asyncio.run(_session(arguments))
    _print(summary, as_json=arguments.json)
    return 0


async def _session(arguments: argparse.Namespace) -> Summary:
    directory = DataDirectory.open(arguments.data_dir, arguments.profile)
    settings = load_settings(directory)
    log = start_logging(directory.log_path)
    try:
        return await _run(arguments, directory, settings)
    finally:
        log.close()


async def _run(arguments: argparse.Namespace, directory: DataDirectory, settings: Settings) -> Summary:
    profile = PROFILES[arguments.profile]
    trader = RtTrader(
        profile,
        SessionOptions(
            symbol=arguments.symbol,
            interval=arguments.interval,
            strategy=arguments.strategy,
            data_file=str(arguments.data) if arguments.data else None,
            speed=arguments.speed,
            seed=arguments.seed,
            arm_at_start=arguments.arm,
            stop_at_data_end=True,
            protection_action=settings.trading.protection_policy,
            dead_man_switch=settings.trading.dead_man_switch,
        ),
        directory,
        settings.risk_limits,
        await load_keys(profile, KeyStore()),
    )
    loop = asyncio.get_running_loop()
    stop_on_signals(loop, trader.request_stop)
    timer = loop.call_later(arguments.seconds, trader.request_stop) if arguments.seconds else None
    try:
        await trader.run()
    finally:
        if timer is not None:
            timer.cancel()
    return trader.summary


def _print(summary: Summary, *, as_json: bool) -> None:
    figures = summary.as_json_object()
    if as_json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    width = max(map(len, figures))
    for name, value in figures.items():
        if not isinstance(value, tuple):
            sys.stdout.write(f"{name:<{width}}  {value}\n")
    for line in summary.differences:
        sys.stdout.write(f"{'at start':<{width}}  {line}\n")
