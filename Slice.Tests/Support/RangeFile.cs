using System.Buffers;
using System.Globalization;

namespace Slice.Tests.Support;

/// <summary>
/// A representation of <see cref="TestContent"/> at a <see cref="ScriptedOrigin"/>, served as a good origin would: ranges, validators,
/// preconditions, HEAD. Its properties are the honest variations and may change while it serves; <see cref="Fault"/> makes it lie, request
/// by request.
/// </summary>
public sealed class RangeFile
{
    private const int BlockBytes = 256 << 10;

    private int _requestCount;
    private long _contentBytesSent;

    /// <summary>A file of <paramref name="lengthBytes"/> bytes of version <paramref name="seed"/>.</summary>
    public RangeFile(long lengthBytes, int seed = 1)
    {
        LengthBytes = lengthBytes;
        Seed = seed;
        ETag = $"\"v{seed}\"";
        LastModified = new DateTimeOffset(2026, 1, 1, 0, 0, seed % 60, TimeSpan.Zero);
    }

    /// <summary>Complete length.</summary>
    public long LengthBytes { get; set; }

    /// <summary>The version: which content is sent.</summary>
    public int Seed { get; set; }

    /// <summary>
    /// The entity tag as on the wire (<c>W/</c> makes it weak); null sends none. Default <c>"v1"</c> for version 1, and so on.
    /// </summary>
    public string? ETag { get; set; }

    /// <summary>Null sends none.</summary>
    public DateTimeOffset? LastModified { get; set; }

    /// <summary>The clock of Date. Default the system's.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>Whole field lines without CRLF that go with every answer, Cache-Control for example.</summary>
    public IReadOnlyList<string> ExtraFields { get; set; } = ["Content-Type: application/octet-stream"];

    /// <summary>Whether Range is honoured. False answers 200 with everything and says <c>Accept-Ranges: none</c>.</summary>
    public bool SupportsRanges { get; set; } = true;

    /// <summary>Whether If-Match and its kin are honoured. Default true.</summary>
    public bool HonoursPreconditions { get; set; } = true;

    /// <summary>
    /// How to misbehave on this request; null, or a null answer, serves honestly. Called once per request, possibly by several connections
    /// at once.
    /// </summary>
    public Func<OriginExchange, RangeFault?>? Fault { get; set; }

    /// <summary>Requests answered or being answered.</summary>
    public int RequestCount => Volatile.Read(ref _requestCount);

    /// <summary>Content bytes sent or being sent, without heads.</summary>
    public long ContentBytesSent => Volatile.Read(ref _contentBytesSent);

    /// <summary>The content as a function, for a <see cref="VerifyingSink"/>.</summary>
    public ContentFill Content => TestContent.Version(Seed);

    /// <summary>Faults for the first <paramref name="count"/> requests, honesty afterwards.</summary>
    public static Func<OriginExchange, RangeFault?> OnFirst(int count, RangeFault fault)
    {
        int seen = 0;
        return _ => Interlocked.Increment(ref seen) <= count ? fault : null;
    }

    /// <summary>A fault for the request with this number at the origin (the first is 1), honesty otherwise.</summary>
    public static Func<OriginExchange, RangeFault?> OnRequest(int number, RangeFault fault)
        => exchange => exchange.Request.Number == number ? fault : null;

    /// <summary>
    /// Replaces the file by version <paramref name="seed"/>, with new validators, before request <paramref name="number"/> at the origin is
    /// answered.
    /// </summary>
    public Func<OriginExchange, RangeFault?> ChangeAtRequest(int number, int seed, long? lengthBytes = null) => exchange =>
    {
        if (exchange.Request.Number == number)
        {
            ChangeTo(seed, lengthBytes);
        }

        return null;
    };

    /// <summary>
    /// Replaces the file by version <paramref name="seed"/>: content, entity tag (of the same strength, when there is one) and date.
    /// </summary>
    public void ChangeTo(int seed, long? lengthBytes = null)
    {
        Seed = seed;
        LengthBytes = lengthBytes ?? LengthBytes;
        ETag = ETag is null ? null : (ETag.StartsWith("W/", StringComparison.Ordinal) ? "W/" : "") + $"\"v{seed}\"";
        LastModified = LastModified is null ? null : new DateTimeOffset(2026, 1, 1, 0, 0, seed % 60, TimeSpan.Zero);
    }

    /// <summary>The script: pass it to <see cref="ScriptedOrigin.Start"/>.</summary>
    public async Task AnswerAsync(OriginExchange exchange)
    {
        Interlocked.Increment(ref _requestCount);
        RangeFault fault = Fault?.Invoke(exchange) ?? RangeFault.None;
        if (fault.Delay > TimeSpan.Zero)
        {
            await Task.Delay(fault.Delay, exchange.Stopped);
        }

        if (fault.HeadGate is { } gate)
        {
            await exchange.WaitAsync(gate);
        }

        if (fault.ResetsBeforeHead)
        {
            await exchange.ResetAsync();
            return;
        }

        RangeAnswer answer = RangeAnswer.For(this, exchange.Request, fault);
        await exchange.SendAsync(answer.HeadText);
        if (exchange.Request.Method != "HEAD" && answer.End > answer.Start)
        {
            await SendBodyAsync(exchange, answer, fault);
        }
    }

    private async Task SendBodyAsync(OriginExchange exchange, RangeAnswer answer, RangeFault fault)
    {
        long cut = Math.Min(answer.End, fault.CutAfterBytes is { } bytes ? answer.Start + bytes : long.MaxValue);
        long pause = fault.PauseAfterBytes is { } pauseBytes ? Math.Min(cut, answer.Start + pauseBytes) : cut;
        long position = answer.Start;
        position = await SendContentAsync(exchange, answer, position, pause);
        if (fault.BodyGate is { } gate)
        {
            await exchange.WaitAsync(gate);
        }

        await SendContentAsync(exchange, answer, position, cut);
        if (cut < answer.End)
        {
            await (fault.CutsByReset ? exchange.ResetAsync() : exchange.CloseAsync());
        }
        else if (answer.IsChunked)
        {
            await exchange.SendAsync("0\r\n\r\n");
        }
    }

    private async Task<long> SendContentAsync(OriginExchange exchange, RangeAnswer answer, long position, long end)
    {
        byte[] block = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            while (position < end)
            {
                int count = (int)Math.Min(BlockBytes, end - position);
                TestContent.Fill(position, block.AsSpan(0, count), answer.Seed);
                if (answer.IsChunked)
                {
                    await exchange.SendAsync(count.ToString("x", CultureInfo.InvariantCulture) + "\r\n");
                }

                // Counted first: whoever has received the bytes finds them counted.
                Interlocked.Add(ref _contentBytesSent, count);
                await exchange.SendAsync(block.AsMemory(0, count));
                if (answer.IsChunked)
                {
                    await exchange.SendAsync("\r\n");
                }

                position += count;
            }

            return position;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }
}
