using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Slice.Tests.Support;

namespace Slice.Benchmarks.Serve;

/// <summary>
/// The verb <c>origin</c>: objects of any length without a disk. <c>/SEED/BYTES/anything</c> is an object whose every byte follows from
/// seed and position; <c>/changing/NUMBER/BYTES/anything</c> is one whose seed and entity tag are 1, and one more with each POST to it;
/// <c>/stuck/ONE_IN/SECONDS</c> lets from now on one of so many answers be stuck for so long, before its head and in its middle in turn
/// (0 for none); <c>/redirect/BYTES</c> is a permanent redirect to so long a place; <c>/sent</c> is how many bytes of objects were
/// sent so far, <c>/asked</c> how many requests for them there were. With <c>--bytes-per-second</c> no answer is faster than that.
/// </summary>
internal static class OriginCommand
{
    private const int PieceBytes = 64 << 10;

    private static long s_sentBytes;
    private static long s_bytesPerSecond;
    private static long s_requests;
    private static int s_stuckOneIn;
    private static int s_stuckSeconds;
    private static int s_stuck;
    private static readonly ConcurrentDictionary<string, int> s_versions = new(StringComparer.Ordinal);

    /// <summary>Serves until SIGTERM.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        int port = (int)arguments.Number("--listen", 0);
        s_bytesPerSecond = arguments.Number("--bytes-per-second", 0);
        arguments.RefuseUnknown();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        await using var application = builder.Build();
        application.Run(AnswerAsync);
        await application.RunAsync();
        return 0;
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        string[] parts = context.Request.Path.Value!.Split('/');
        if (parts is ["", "sent"])
        {
            await context.Response.WriteAsync(Volatile.Read(ref s_sentBytes).ToString(CultureInfo.InvariantCulture));
            return;
        }

        if (parts is ["", "asked"])
        {
            await context.Response.WriteAsync(Volatile.Read(ref s_requests).ToString(CultureInfo.InvariantCulture));
            return;
        }

        if (parts is ["", "stuck", var oneIn, var seconds])
        {
            (s_stuckOneIn, s_stuckSeconds) =
                (int.Parse(oneIn, CultureInfo.InvariantCulture), int.Parse(seconds, CultureInfo.InvariantCulture));
            return;
        }

        if (parts is ["", "redirect", var placeBytes] && int.TryParse(placeBytes, out int count))
        {
            context.Response.StatusCode = 301;
            context.Response.Headers.Location = "/" + new string('p', count);
            context.Response.Headers.CacheControl = "max-age=86400";
            context.Response.ContentLength = 0;
            return;
        }

        if (parts is ["", "changing", var number, var changingBytes, _] && long.TryParse(changingBytes, out long changing))
        {
            if (HttpMethods.IsPost(context.Request.Method))
            {
                s_versions.AddOrUpdate(number, 2, static (_, version) => version + 1);
                return;
            }

            int latest = s_versions.GetValueOrDefault(number, 1);
            await AnswerAsync(context, latest, changing, string.Create(CultureInfo.InvariantCulture, $"\"{latest}\""));
        }
        else if (parts.Length >= 3 && int.TryParse(parts[1], out int seed) && long.TryParse(parts[2], out long length))
        {
            await AnswerAsync(context, seed, length, $"\"{seed}-{length}\"");
        }
        else
        {
            context.Response.StatusCode = 404;
        }
    }

    private static async Task AnswerAsync(HttpContext context, int seed, long length, string tag)
    {
        Interlocked.Increment(ref s_requests);
        bool isStuck = s_stuckOneIn > 0 && Random.Shared.Next(s_stuckOneIn) == 0;
        bool isStuckInBody = isStuck && Interlocked.Increment(ref s_stuck) % 2 == 0;
        if (isStuck && !isStuckInBody)
        {
            await Task.Delay(TimeSpan.FromSeconds(s_stuckSeconds), context.RequestAborted);
        }

        var response = context.Response;
        response.Headers.ETag = tag;
        response.Headers.AcceptRanges = "bytes";
        response.Headers.CacheControl = "max-age=86400";
        if (context.Request.Headers.IfNoneMatch == tag)
        {
            response.StatusCode = 304;
            return;
        }

        long first = 0;
        long last = length - 1;
        if (context.Request.GetTypedHeaders().Range?.Ranges is { Count: 1 } ranges && ranges.First() is { From: { } from } range)
        {
            first = from;
            last = Math.Min(range.To ?? last, last);
            if (first > last)
            {
                response.StatusCode = 416;
                response.Headers.ContentRange = $"bytes */{length}";
                return;
            }

            response.StatusCode = 206;
            response.Headers.ContentRange = $"bytes {first}-{last}/{length}";
        }

        response.ContentLength = last - first + 1;
        long started = Stopwatch.GetTimestamp();
        for (long position = first; position <= last && !context.RequestAborted.IsCancellationRequested;)
        {
            if (isStuckInBody && position > (first + last) / 2)
            {
                isStuckInBody = false;
                await Task.Delay(TimeSpan.FromSeconds(s_stuckSeconds), context.RequestAborted);
            }

            int pieceBytes = (int)Math.Min(PieceBytes, last - position + 1);
            TestContent.Fill(position, response.BodyWriter.GetSpan(pieceBytes)[..pieceBytes], seed);
            response.BodyWriter.Advance(pieceBytes);
            await response.BodyWriter.FlushAsync(context.RequestAborted);
            position += pieceBytes;
            Interlocked.Add(ref s_sentBytes, pieceBytes);
            if (s_bytesPerSecond > 0)
            {
                TimeSpan early = TimeSpan.FromSeconds((double)(position - first) / s_bytesPerSecond) - Stopwatch.GetElapsedTime(started);
                await Task.Delay(early > TimeSpan.Zero ? early : TimeSpan.Zero, context.RequestAborted);
            }
        }
    }
}
