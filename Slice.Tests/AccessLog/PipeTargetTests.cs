using System.Diagnostics;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Slice.Core.Http;
using Slice.Core.Observability;
using Slice.Core.Options;
using Slice.Net.AccessLog;
using Slice.Net.Exchange;
using Slice.Tests.Support;

namespace Slice.Tests.AccessLog;

/// <summary>An access log that goes into a pipe, as /dev/stdout of a container is one: its reader may be slow, or not there.</summary>
[SupportedOSPlatform("linux")]
public sealed class PipeTargetTests : IDisposable
{
    private readonly TestDirectory _directory = new("access-log-pipe");
    private readonly LogCapture _log = new();
    private readonly SliceMeter _meter = new(TimeProvider.System);
    private readonly NamedPipe _pipe;
    private readonly ILoggerFactory _loggers;
    private readonly AccessLogWriter _writer;

    public PipeTargetTests()
    {
        _pipe = new NamedPipe(Path);
        _loggers = LoggerFactory.Create(logging => logging.AddProvider(_log));
        _writer = new AccessLogWriter(_loggers.CreateLogger<AccessLogWriter>(), _meter, TimeProvider.System);
    }

    private string Path => _directory.Combine("pipe");

    public void Dispose()
    {
        _pipe.CloseReader();
        _writer.Dispose();
        _pipe.Dispose();
        _loggers.Dispose();
        _meter.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Full_pipe_takes_the_rest_when_its_reader_has_made_room()
    {
        using var target = new FileTarget(Path, () => { });
        _pipe.OpenReader();
        byte[] lines = Wire.Bytes(string.Concat(Enumerable.Range(10_000, 20_000).Select(line => $"{line}\n")));

        int written = target.Write(lines, out string? problem);
        Assert.Null(problem);
        Assert.InRange(written, 4096, lines.Length - 1);
        Assert.Equal((byte)'\n', lines[written - 1]);
        Assert.Equal(0, target.Write(lines.AsSpan(written), out problem));
        Assert.Null(problem);

        Assert.Equal(Wire.Text(lines.AsSpan(0, written)), await _pipe.ReadAsync(written));
        Assert.Equal(lines.Length - written, target.Write(lines.AsSpan(written), out problem));
        Assert.Null(problem);
        Assert.Equal(Wire.Text(lines.AsSpan(written)), await _pipe.ReadAsync(lines.Length - written));
    }

    [Fact]
    public void Pipe_without_a_reader_is_a_problem_and_no_wait()
    {
        using var target = new FileTarget(Path, () => { });
        Assert.Equal("No such device or address", target.Open());
        _pipe.OpenReader();
        Assert.Equal(2, target.Write("a\n"u8, out string? problem));
        Assert.Null(problem);
        _pipe.CloseReader();
        Assert.Equal(0, target.Write("b\n"u8, out problem));
        Assert.Equal("Broken pipe", problem);
        _pipe.OpenReader();
        Assert.Equal(2, target.Write("b\n"u8, out problem));
    }

    [Fact]
    public async Task More_lines_than_a_pipe_holds_all_arrive_and_are_no_failure()
    {
        const int Lines = 50_000;
        _pipe.OpenReader();
        Configure(Path);
        string expected = string.Concat(Enumerable.Range(0, Lines).Select(line => $"{line}\n"));
        for (int line = 0; line < Lines; line++)
        {
            Write(line);
        }

        Assert.Equal(expected, await _pipe.ReadAsync(expected.Length));
        Assert.Equal(0, _meter.AccessLogDropped.Value);
        Assert.DoesNotContain(_log.Lines, line => line.Contains("access_log_failed", StringComparison.Ordinal));
    }

    [Fact]
    public void Reader_that_reads_no_more_costs_lines_which_are_counted_and_is_no_failure()
    {
        FillUp();
        Assert.Contains(_log.Lines, line => line.StartsWith("Warning access_log_drops ", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.Lines, line => line.Contains("access_log_failed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Reload_gets_away_from_a_full_pipe()
    {
        FillUp();
        string file = _directory.Combine("file");
        Configure(file);
        Write(7);
        await Eventually.TrueAsync(() => File.Exists(file) && File.ReadAllText(file).EndsWith("7\n", StringComparison.Ordinal), "the line");
    }

    [Fact]
    public async Task End_gets_away_from_a_full_pipe_and_counts_each_line_that_is_lost()
    {
        int lines = FillUp();
        long before = Stopwatch.GetTimestamp();
        _writer.Dispose();
        Assert.InRange(Stopwatch.GetElapsedTime(before), TimeSpan.Zero, TimeSpan.FromSeconds(10));
        long arrived = lines - _meter.AccessLogDropped.Value;
        Assert.InRange(arrived, 1, 100);
        string[] read = (await _pipe.ReadAsync((int)arrived * LineBytes)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(arrived, read.Length);
    }

    private const int LineBytes = 1001;

    // More than pipe and memory take.
    private int FillUp()
    {
        _pipe.OpenReader();
        _writer.Configure(new AccessLogOptions { Path = Path, Format = "{status}" + new string('x', LineBytes - 2) });
        int written = 0;
        while (_meter.AccessLogDropped.Value < 10)
        {
            Write(written++);
        }

        return written;
    }

    private void Configure(string path) => _writer.Configure(new AccessLogOptions { Path = path, Format = "{bytes}" });

    private void Write(int bytes) => _writer.Write(new ExchangeRecord
    {
        Client = new ExchangeClient(null, isTls: false, new RequestHead()),
        BodyBytes = bytes,
    });
}
