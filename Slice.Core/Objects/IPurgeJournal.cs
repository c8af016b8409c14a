namespace Slice.Core.Objects;

/// <summary>Is told of the purges of many objects that are to be known at the next start. Thread-safe; no call waits.</summary>
internal interface IPurgeJournal
{
    /// <summary>A purge is in force.</summary>
    void Purged(Purge purge);

    /// <summary>Every object that the purges up to this number are for has been told to the journal as gone, or as stale.</summary>
    void Swept(long number);
}
