using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Slice.Host.Machine;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Service;

/// <summary>
/// Both sides of an upgrade in one process: the new one serves when the old one says so or has ended, and never otherwise.
/// </summary>
public sealed class UpgradeHandshakeTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly UpgradePipes _old = new();
    private readonly UpgradeHandshake _new;

    public UpgradeHandshakeTests()
    {
        // As a process that is started has them: descriptors of its own.
        UpgradeOffer offer = _old.Offer([]);
        _new = UpgradeHandshake.TryOpen(new UpgradeOffer(Duplicate(offer.Ready), Duplicate(offer.Go), []), _time)!;
        _old.Started();
    }

    public void Dispose()
    {
        _new.Dispose();
        _old.Dispose();
    }

    private static string Duplicate(string descriptor)
    {
        using var handle = new SafeFileHandle(int.Parse(descriptor, CultureInfo.InvariantCulture), ownsHandle: false);
        return NativeDescriptors.Duplicate(handle).ToString(CultureInfo.InvariantCulture);
    }

    private async Task<Task<string?>> ReadyAsync()
    {
        Task<string?> completing = _new.CompleteAsync();
        Assert.Equal(Environment.ProcessId, await Deadline.WithinAsync(_old.ReadAnswerAsync(), "the answer"));
        return completing;
    }

    [Fact]
    public async Task New_process_serves_when_the_old_one_says_so()
    {
        var completing = await ReadyAsync();
        Assert.False(completing.IsCompleted);
        Assert.True(_old.TrySay(UpgradeOffer.Serve));
        Assert.Null(await Deadline.WithinAsync(completing, "the word"));
    }

    [Fact]
    public async Task New_process_serves_when_the_old_one_has_ended()
    {
        var completing = await ReadyAsync();
        _old.Dispose();
        Assert.Null(await Deadline.WithinAsync(completing, "the end of the old process"));
    }

    [Fact]
    public async Task New_process_ends_when_the_old_one_goes_on()
    {
        var completing = await ReadyAsync();
        _old.TrySay(UpgradeOffer.GiveUp);
        _old.Dispose();
        Assert.Contains("goes on", await Deadline.WithinAsync(completing, "the word"), StringComparison.Ordinal);
    }

    // The old process has lost its patience; the new one comes late, when nobody reads its answer any more.
    [Fact]
    [Trait("Behaviour", "B67")]
    public async Task New_process_that_comes_too_late_ends_when_the_old_one_goes_on()
    {
        _old.TrySay(UpgradeOffer.GiveUp);
        _old.Dispose();
        string? refusal = await Deadline.WithinAsync(_new.CompleteAsync(), "the word");
        Assert.Contains("goes on", refusal, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Behaviour", "B67")]
    public async Task New_process_ends_when_the_old_one_is_stuck_and_may_still_serve()
    {
        var completing = await ReadyAsync();
        Assert.Equal(UpgradeHandshake.LongestWait, await _time.RingNextAsync());
        Assert.Contains("may still serve", await Deadline.WithinAsync(completing, "the end of the wait"), StringComparison.Ordinal);
        _new.Dispose();
    }

    [Fact]
    public async Task Old_process_notices_that_the_new_one_has_ended()
    {
        await ReadyAsync();
        Assert.False(_old.Ended.IsCompleted);
        _old.TrySay(UpgradeOffer.Serve);
        _new.Dispose();
        await Deadline.WithinAsync(_old.Ended, "the end of the new process");
        Assert.False(_old.TrySay(UpgradeOffer.Serve));
    }

    [Fact]
    public void Numbers_that_are_no_pipes_are_no_handshake()
    {
        using var file = new TestDirectory("offer");
        using var open = File.Create(file.Combine("file"));
        string notAPipe = open.SafeFileHandle.DangerousGetHandle().ToString(CultureInfo.InvariantCulture);
        string pipe = _old.Offer([]).Go;
        Assert.Null(UpgradeHandshake.TryOpen(new UpgradeOffer(notAPipe, notAPipe, []), _time));
        Assert.Null(UpgradeHandshake.TryOpen(new UpgradeOffer("99999", "99998", []), _time));
        Assert.Null(UpgradeHandshake.TryOpen(new UpgradeOffer("1", "0", []), _time));
        Assert.Null(UpgradeHandshake.TryOpen(new UpgradeOffer(pipe, pipe, []), _time));
    }
}
