using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Slice.Benchmarks.Load;

/// <summary>One keep-alive connection with one request in flight; lives on a thread of its own.</summary>
internal sealed class LoadClient : IDisposable
{
    private const int HeadBufferBytes = 16 << 10;
    private const int VerifyBufferBytes = 256 << 10;

    // What a client with a pace takes at once.
    private const int PacedBytes = 128 << 10;

    private readonly LoadOptions _options;
    private readonly int _index;
    private readonly ILoadConnection _connection;
    private readonly Random _random;
    private readonly byte[] _head = new byte[HeadBufferBytes];
    private readonly SafeFileHandle? _original;
    private readonly byte[] _expected;
    private readonly byte[] _actual;

    public LoadClient(LoadOptions options, int index)
    {
        _options = options;
        _index = index;
        _connection = options.CertificatePath is { } path ? new BlockingTls(options.EndPoint, path) : new BlockingSocket(options.EndPoint);
        _random = new Random((options.Seed << 16) + index);
        _original = options.VerifyPath is null ? null : File.OpenHandle(options.VerifyPath);
        _expected = _original is null ? [] : new byte[VerifyBufferBytes];
        _actual = _original is null ? [] : new byte[VerifyBufferBytes];
    }

    /// <summary>Bytes of content received.</summary>
    public long Bytes { get; private set; }

    /// <summary>Stopwatch ticks from a request's send to its first and its last byte.</summary>
    public List<(long FirstByte, long LastByte)> Times { get; } = new(1 << 12);

    public void Run(long deadline)
    {
        long started = Stopwatch.GetTimestamp();
        for (long round = 0; _options.Rounds > 0 ? round < _options.Rounds : Stopwatch.GetTimestamp() < deadline; round++)
        {
            long due = Stopwatch.GetTimestamp();
            if (_options.RequestsPerSecond > 0)
            {
                // A request that is late because the one before it was slow counts from when it was due: else slowness would hide itself.
                // The clients take turns, or all of them would ask in the same moment.
                double turns = round + ((double)_index / _options.Clients);
                due = started + (long)(turns * Stopwatch.Frequency / _options.RequestsPerSecond);
                due = SleepUntil(due) ? Stopwatch.GetTimestamp() : due;
            }

            RequestOnce(round, due);
        }
    }

    public void Dispose()
    {
        _original?.Dispose();
        _connection.Dispose();
    }

    private void RequestOnce(long round, long started)
    {
        (long start, byte[] request) = NextRequest(round);
        _connection.Send(request);
        int received = _connection.Receive(_head);
        long firstByte = Stopwatch.GetTimestamp() - started;
        int headBytes;
        while ((headBytes = _head.AsSpan(0, received).IndexOf("\r\n\r\n"u8) + 4) < 4)
        {
            received += _connection.Receive(_head.AsSpan(received));
        }

        long length = CheckHead(_head.AsSpan(0, headBytes));
        ReadOnlySpan<byte> early = _head.AsSpan(headBytes, received - headBytes);
        if (_original is null)
        {
            Discard(length - early.Length);
        }
        else
        {
            Verify(start, length, early);
        }

        Bytes += length;
        Times.Add((firstByte, Stopwatch.GetTimestamp() - started));
    }

    private void Discard(long length)
    {
        if (_options.BytesPerSecond == 0)
        {
            _connection.Discard(length);
            return;
        }

        // Clients that began together would otherwise all take their pieces at the same moments.
        long period = PacedBytes * Stopwatch.Frequency / _options.BytesPerSecond;
        long started = Stopwatch.GetTimestamp() + _random.NextInt64(period);
        for (long done = 0; done < length;)
        {
            SleepUntil(started + (done * Stopwatch.Frequency / _options.BytesPerSecond));
            long piece = Math.Min(PacedBytes, length - done);
            _connection.Discard(piece);
            done += piece;
        }
    }

    // False when it is already past.
    private static bool SleepUntil(long due)
    {
        double leftMs = (due - Stopwatch.GetTimestamp()) * 1000.0 / Stopwatch.Frequency;
        if (leftMs <= 0)
        {
            return false;
        }

        Thread.Sleep((int)Math.Ceiling(leftMs));
        return true;
    }

    private (long Start, byte[] Request) NextRequest(long round)
    {
        long start = 0;
        string range = "";
        if (_options.AsksRanges)
        {
            long room = _options.ObjectBytes - _options.RangeBytes;
            start = _options.IsAligned
                ? _random.NextInt64((room / _options.RangeBytes) + 1) * _options.RangeBytes
                : _random.NextInt64(room + 1);
            range = string.Create(CultureInfo.InvariantCulture, $"Range: bytes={start}-{start + _options.RangeBytes - 1}\r\n");
        }

        string head = $"GET {_options.Target.PathAndQuery}{Number(round)} HTTP/1.1\r\nHost: {_options.Target.Authority}\r\n{range}\r\n";
        return (start, Encoding.ASCII.GetBytes(head));
    }

    // What follows the target: the number of an object, where there are several.
    private string Number(long round)
    {
        long? number = _options.HasOwnObjects ? _index
            : _options.Objects == 0 ? null
            : _options.IsInOrder ? (_index * _options.Rounds) + round
            : _random.NextInt64(_options.Objects);
        return number?.ToString(CultureInfo.InvariantCulture) ?? "";
    }

    /// <summary>The Content-Length of a response that is what was asked; anything else throws: a load of errors measures nothing.</summary>
    private long CheckHead(ReadOnlySpan<byte> head)
    {
        ReadOnlySpan<byte> status = _options.AsksRanges ? " 206 "u8 : " 200 "u8;
        bool isExpected = head.Slice(8, 5).SequenceEqual(status);
        for (ReadOnlySpan<byte> rest = head; isExpected && rest.IndexOf("\r\n"u8) is >= 0 and int end; rest = rest[(end + 2)..])
        {
            ReadOnlySpan<byte> name = "Content-Length:"u8;
            ReadOnlySpan<byte> line = rest[..end];
            if (line.Length > name.Length && Ascii.EqualsIgnoreCase(line[..name.Length], name)
                && Utf8Parser.TryParse(line[name.Length..].TrimStart((byte)' '), out long length, out _)
                && (!_options.AsksRanges || length == _options.RangeBytes))
            {
                return length;
            }
        }

        throw new InvalidDataException("unexpected response:\n" + Encoding.Latin1.GetString(head));
    }

    private void Verify(long start, long length, ReadOnlySpan<byte> early)
    {
        Compare(start, early);
        for (long done = early.Length; done < length;)
        {
            int received = _connection.Receive(_actual.AsSpan(0, (int)Math.Min(VerifyBufferBytes, length - done)));
            Compare(start + done, _actual.AsSpan(0, received));
            done += received;
        }
    }

    private void Compare(long position, ReadOnlySpan<byte> actual)
    {
        Span<byte> expected = _expected.AsSpan(0, actual.Length);
        int read = RandomAccess.Read(_original!, expected, position);
        int same = actual.CommonPrefixLength(expected[..read]);
        if (same < actual.Length)
        {
            throw new InvalidDataException($"wrong byte at position {position + same}");
        }
    }
}
