import asyncio


async def loader():
    await asyncio.Event().wait()
