using Slice.Core.Objects.Journal;

namespace Slice.Core.SharedCache;

/// <summary>
/// Who shares the tier: each instance has a place of its own in the store, with its name and the news that it has acted on, and renews it.
/// An instance that is gone is seen for <see cref="Lifetime"/> at most. Not thread-safe but for
/// <see cref="ReadAllAsync"/>.
/// </summary>
/// <param name="values">The store.</param>
/// <param name="names">The keys.</param>
/// <param name="name">Machine and port of this instance.</param>
/// <param name="time">The clock.</param>
internal sealed class TierMembers(TierValues values, TierNames names, string name, TimeProvider time)
{
    /// <summary>
    /// Most instances that see each other: one beyond them is waited for by no PURGE. Arbitrary, above any fleet that we have heard of;
    /// only places up to the last that is taken are looked at.
    /// </summary>
    public const int MaxMembers = 256;

    /// <summary>How long an instance is seen that renews its place no more.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(15);

    // Places that are looked at behind the last one that is taken: those in between are of instances that are gone.
    private const int GapPlaces = 8;
    private static readonly TimeSpan s_renewal = Lifetime / 5;

    private int _place = -1;
    private (long News, long Purges)? _told;
    private long _toldAt;

    /// <summary>What tells this instance from the others.</summary>
    public Guid Id { get; } = Guid.NewGuid();

    /// <summary>Says that this instance is there, and which news it has acted on; does nothing when that was said just now.</summary>
    public async ValueTask TellAsync(long news, long purges, CancellationToken ct)
    {
        if (_told == (news, purges) && time.GetElapsedTime(_toldAt) < s_renewal)
        {
            return;
        }

        var records = Write(news, purges);
        if (await IsOwnAsync(ct) ? await values.SetAsync(LabelAt(_place), records, Lifetime, ct) : await TryTakePlaceAsync(records, ct))
        {
            (_told, _toldAt) = ((news, purges), time.GetTimestamp());
        }
    }

    /// <summary>Gives the place back, unless another instance has it by now.</summary>
    public async ValueTask LeaveAsync(CancellationToken ct)
    {
        if (await IsOwnAsync(ct))
        {
            await values.RemoveAsync(names.InstanceAt(_place), ct);
        }
    }

    /// <summary>The instances that are there, this one among them.</summary>
    public async ValueTask<IReadOnlyList<FleetMember>> ReadAllAsync(CancellationToken ct)
    {
        var members = new List<FleetMember>();
        for (int first = 0, lastTaken = 0; first < MaxMembers && first <= lastTaken + GapPlaces; first += GapPlaces)
        {
            var places = Enumerable.Range(first, GapPlaces).Select(place => ReadAsync(place, ct).AsTask());
            foreach (var member in await Task.WhenAll(places))
            {
                if (member is not null)
                {
                    members.Add(member);
                    lastTaken = first + GapPlaces;
                }
            }
        }

        return members;
    }

    private async ValueTask<bool> IsOwnAsync(CancellationToken ct) =>
        _place >= 0 && await ReadAsync(_place, ct) is { } holder && holder.Id == Id;

    private async ValueTask<bool> TryTakePlaceAsync(RecordBuffer records, CancellationToken ct)
    {
        for (int place = 0; place < MaxMembers; place++)
        {
            if (await values.TryAddAsync(LabelAt(place), records, Lifetime, ct))
            {
                _place = place;
                return true;
            }
        }

        return false;
    }

    private RecordBuffer Write(long news, long purges)
    {
        var records = new RecordBuffer();
        records.Bytes(Id.ToByteArray());
        records.Int64(news);
        records.Int64(purges);
        records.Text(name);
        return records;
    }

    private async ValueTask<FleetMember?> ReadAsync(int place, CancellationToken ct)
    {
        if (await values.GetAsync(LabelAt(place), ct) is not (_, { } bytes))
        {
            return null;
        }

        try
        {
            var reader = new RecordReader(bytes);
            var id = TierNewsRecords.ReadId(ref reader);
            var (news, purges) = (reader.Int64(), reader.Int64());
            return new FleetMember(id, reader.Text() ?? "", news, purges);
        }
        catch (InvalidDataException)
        {
            // By a program that writes otherwise under the same version of the envelope.
            return null;
        }
    }

    private TierLabel LabelAt(int place) => new(TierValueKind.Instance, names.InstanceAt(place));
}
