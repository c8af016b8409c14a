using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Net.Connections;
using Slice.Net.Exchange;
using Slice.Tests.Support;

namespace Slice.Tests.Connections;

/// <summary>
/// How long a client is waited for, and what its bytes earn (B40). Timeouts are 60 s, rates 240 bytes per second: 14,400 bytes are worth a
/// minute.
/// </summary>
public sealed class ConnectionDeadlinesTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<DeadlineKind> _expired = [];
    private long _bytesTaken;

    [Fact]
    [Trait("Behaviour", "B40")]
    public void Head_has_one_deadline_whatever_arrives()
    {
        var deadlines = New();
        deadlines.ArmRequestHead();

        Assert.Empty(SweptAfter(deadlines, seconds: 9.9));
        Assert.Equal([DeadlineKind.RequestHead], SweptAfter(deadlines, seconds: 0.1));
        Assert.True(deadlines.HasPassed);
        Assert.False(deadlines.Disarm());
        Assert.False(deadlines.HasPassed);
    }

    [Fact]
    [Trait("Behaviour", "B40")]
    public void Deadline_passes_once_and_not_after_it_was_met()
    {
        var deadlines = New();
        deadlines.ArmKeepAlive(_time.GetTimestamp());
        Assert.Equal([DeadlineKind.KeepAlive], SweptAfter(deadlines, seconds: 75));
        Assert.Empty(SweptAfter(deadlines, seconds: 75));

        deadlines.ArmLinger();
        deadlines.Disarm();

        Assert.Empty(SweptAfter(deadlines, seconds: 75));
    }

    [Fact]
    [Trait("Behaviour", "B40")]
    public void Client_that_takes_nothing_has_the_whole_timeout()
    {
        var deadlines = New();
        _bytesTaken = 1_000_000;
        deadlines.ArmSend();

        Assert.Empty(SweptAfter(deadlines, seconds: 59.9));
        Assert.Equal([DeadlineKind.Send], SweptAfter(deadlines, seconds: 0.1));
    }

    [Fact]
    [Trait("Behaviour", "B40")]
    public void Client_that_takes_a_byte_now_and_then_is_cut_off()
    {
        var deadlines = New();
        deadlines.ArmSend();
        SweptAfter(deadlines, seconds: 50);
        _bytesTaken++;

        // Its byte has earned it 4 ms.
        Assert.Empty(SweptAfter(deadlines, seconds: 10));
        Assert.Equal([DeadlineKind.Send], SweptAfter(deadlines, seconds: 1));
    }

    // The loop goes on to another wait, of the same end, while the sweeper asks what the client has taken.
    [Fact]
    [Trait("Behaviour", "B40")]
    public void Wait_that_took_the_place_of_another_does_not_pass_for_it()
    {
        var minute = new RatedTimeout(60 * _time.TimestampFrequency, Bytes: 1);
        ConnectionDeadlines? deadlines = null;
        deadlines = new ConnectionDeadlines(new TimeoutSettings(minute.Timeout, 0, minute, minute, 0, 0, 0), _time, GoOn, _expired.Add);
        deadlines.ArmSend();

        deadlines.Sweep(_time.GetTimestamp() + minute.Timeout);

        Assert.Empty(_expired);
        deadlines.Sweep(_time.GetTimestamp() + minute.Timeout);
        Assert.Equal([DeadlineKind.KeepAlive], _expired);

        long GoOn()
        {
            deadlines!.Disarm();
            deadlines.ArmKeepAlive(_time.GetTimestamp());
            return 0;
        }
    }

    // One wait has always passed, the other never does; a sweeper that takes the one for the other would reset a good response.
    [Fact]
    [Trait("Behaviour", "B40")]
    public async Task Wait_that_passes_is_never_taken_for_the_one_after_it()
    {
        const int Enough = 40;
        var never = new RatedTimeout(3600 * _time.TimestampFrequency, Bytes: 1);
        int idle = 0;
        int sends = 0;
        var deadlines = new ConnectionDeadlines(new TimeoutSettings(KeepAlive: 0, 0, never, never, 0, 0, 0), _time, () => 0, Count);
        bool isOver = false;
        var loop = Task.Run(GoOn, TestContext.Current.CancellationToken);
        var sweeper = Task.Run(Sweep, TestContext.Current.CancellationToken);
        try
        {
            await Deadline.WithinAsync(sweeper, "waits that pass");
        }
        finally
        {
            Volatile.Write(ref isOver, true);
            await Task.WhenAll(loop, sweeper);
        }

        Assert.Equal(0, sends);

        void Count(DeadlineKind kind)
        {
            idle += kind == DeadlineKind.KeepAlive ? 1 : 0;
            sends += kind == DeadlineKind.Send ? 1 : 0;
        }

        void GoOn()
        {
            while (!Volatile.Read(ref isOver))
            {
                deadlines.ArmKeepAlive(_time.GetTimestamp());
                deadlines.Disarm();
                deadlines.ArmSend();
                deadlines.Disarm();
            }
        }

        void Sweep()
        {
            long now = _time.GetTimestamp();
            while (idle + sends < Enough && !Volatile.Read(ref isOver))
            {
                deadlines.Sweep(now);
            }
        }
    }

    [Theory]
    [Trait("Behaviour", "B40")]
    [InlineData(1, false)]
    [InlineData(120, false)]
    [InlineData(239, false)]
    [InlineData(240, true)]
    [InlineData(1_000_000, true)]
    public void Client_that_keeps_the_rate_is_served_for_ever(int bytesPerSecond, bool isServed)
    {
        var deadlines = New();
        deadlines.ArmSend();

        // At a byte less than the rate, a minute is used up after 240 times as long.
        for (int second = 0; second < 5 * 3600; second++)
        {
            _bytesTaken += bytesPerSecond;
            SweptAfter(deadlines, seconds: 1);
        }

        Assert.Equal(isServed, _expired.Count == 0);
    }

    [Fact]
    [Trait("Behaviour", "B40")]
    public void Bytes_taken_in_haste_do_not_buy_more_than_the_timeout()
    {
        var deadlines = New();
        deadlines.ArmSend();
        _bytesTaken = 1L << 40;

        Assert.Empty(SweptAfter(deadlines, seconds: 60));
        Assert.Empty(SweptAfter(deadlines, seconds: 59.9));
        Assert.Equal([DeadlineKind.Send], SweptAfter(deadlines, seconds: 0.1));
    }

    [Fact]
    [Trait("Behaviour", "B40")]
    public void Body_that_creeps_in_has_used_up_its_time_however_often_it_moves()
    {
        var deadlines = New();
        deadlines.BeginRequestBody();
        deadlines.ArmRequestBody();
        Assert.Empty(SweptAfter(deadlines, seconds: 50));
        deadlines.RequestBodyArrived(1);
        deadlines.ArmRequestBody();

        Assert.Empty(SweptAfter(deadlines, seconds: 10));
        Assert.Equal([DeadlineKind.RequestBody], SweptAfter(deadlines, seconds: 0.1));
    }

    [Theory]
    [Trait("Behaviour", "B40")]
    [InlineData(2_390, false)]
    [InlineData(2_400, true)]
    public void Body_that_keeps_the_rate_may_take_for_ever(int bytesInTenSeconds, bool isServed)
    {
        var deadlines = New();
        deadlines.BeginRequestBody();
        for (int read = 0; read < 5 * 360; read++)
        {
            deadlines.ArmRequestBody();
            SweptAfter(deadlines, seconds: 10);
            deadlines.RequestBodyArrived(bytesInTenSeconds);
        }

        Assert.Equal(isServed, _expired.Count == 0);
    }

    [Fact]
    [Trait("Behaviour", "B40")]
    public void Time_that_a_body_waits_for_the_origin_is_not_the_clients()
    {
        var deadlines = New();
        deadlines.BeginRequestBody();
        for (int read = 0; read < 10; read++)
        {
            deadlines.ArmRequestBody();
            deadlines.RequestBodyArrived(1);
            Assert.Empty(SweptAfter(deadlines, seconds: 50));
        }
    }

    [Fact]
    [Trait("Behaviour", "B40")]
    public void Next_body_begins_with_the_whole_timeout()
    {
        var deadlines = New();
        deadlines.BeginRequestBody();
        deadlines.ArmRequestBody();
        SweptAfter(deadlines, seconds: 59);
        deadlines.RequestBodyArrived(1);

        deadlines.BeginRequestBody();
        deadlines.ArmRequestBody();

        Assert.Empty(SweptAfter(deadlines, seconds: 59));
    }

    [Fact]
    [Trait("Behaviour", "B40")]
    public void Without_a_rate_any_byte_is_enough()
    {
        var deadlines = New(rate: 0);
        deadlines.ArmSend();
        for (int minute = 0; minute < 10; minute++)
        {
            _bytesTaken++;
            Assert.Empty(SweptAfter(deadlines, seconds: 60));
        }

        Assert.Equal([DeadlineKind.Send], SweptAfter(deadlines, seconds: 60));
        _expired.Clear();
        deadlines.BeginRequestBody();
        for (int minute = 0; minute < 10; minute++)
        {
            deadlines.ArmRequestBody();
            Assert.Empty(SweptAfter(deadlines, seconds: 59));
            deadlines.RequestBodyArrived(1);
        }
    }

    private ConnectionDeadlines New(long rate = 240)
    {
        var options = new SliceOptions { Limits = new LimitOptions { MinSendRate = rate, MinReceiveRate = rate } };
        return new ConnectionDeadlines(TimeoutSettings.From(options, _time), _time, () => _bytesTaken, _expired.Add);
    }

    private List<DeadlineKind> SweptAfter(ConnectionDeadlines deadlines, double seconds)
    {
        int before = _expired.Count;
        _time.Advance(TimeSpan.FromSeconds(seconds));
        deadlines.Sweep(_time.GetTimestamp());
        return _expired[before..];
    }
}
