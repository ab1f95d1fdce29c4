package dev.lanewise.keras.h5;

import io.jhdf.AttributeImpl;
import io.jhdf.FractalHeap;
import io.jhdf.GroupSymbolTableNode;
import io.jhdf.HdfFile;
import io.jhdf.LocalHeap;
import io.jhdf.ObjectHeader;
import io.jhdf.SymbolTableEntry;
import io.jhdf.api.Attribute;
import io.jhdf.api.Dataset;
import io.jhdf.btree.BTreeV1;
import io.jhdf.btree.BTreeV2;
import io.jhdf.btree.record.AttributeNameForIndexedAttributesRecord;
import io.jhdf.btree.record.BTreeRecord;
import io.jhdf.btree.record.LinkNameForIndexedGroupRecord;
import io.jhdf.dataset.DatasetLoader;
import io.jhdf.object.message.AttributeInfoMessage;
import io.jhdf.object.message.AttributeMessage;
import io.jhdf.object.message.DataLayoutMessage;
import io.jhdf.object.message.DataLayoutMessage.ChunkedDataLayoutMessage;
import io.jhdf.object.message.DataLayoutMessage.ChunkedDataLayoutMessageV4;
import io.jhdf.object.message.LinkInfoMessage;
import io.jhdf.object.message.LinkMessage;
import io.jhdf.object.message.SymbolTableMessage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The objects of a file by their addresses: the links of groups, attributes, data sets. The library's own
/// groups read the header of each object that a link leads to, with all its messages, and keep them; here a
/// header is read when it is asked for.
///
/// What the library throws is passed on: callers guard each call.
final class H5Objects {
    private static final long UNDEFINED = -1;

    /// Bytes of a record that a tree holds at least.
    private static final int LEAST_RECORD = 8;

    /// Places in the header of a tree of version 2: the size of a record, and the number of all records, after
    /// an address and what follows it.
    private static final int RECORD_SIZE = 10;

    private static final int ADDRESS = 16;
    private static final int ROOT_RECORDS = 2;

    /// The header of an extensible array: what stands before its six counts, of which the last two say how many
    /// elements there are.
    private static final int COUNTS = 12;

    private static final int ALL_COUNTS = 6;
    private static final int ELEMENT_COUNTS = 4;

    /// Two bits of an identifier in a heap say that its object is one of those that stand outside it.
    private static final int KIND_SHIFT = 4;

    private static final int KIND_MASK = 3;
    private static final int HUGE = 1;

    /// Kinds of entries of an old group: what a soft link leads to is a text.
    private static final int SOFT_ENTRY = 2;

    private static final int MOST_ENTRY = 2;

    /// Where a link leads.
    ///
    /// @param address of a hard link
    /// @param target path of a soft link
    record Link(long address, @Nullable String target, boolean external) {}

    private final HdfFile file;
    private final H5Metered storage;
    private final long fileSize;
    private final String name;
    private final Map<Long, Map<String, Link>> links = new HashMap<>();
    private final Map<Long, Map<String, Attribute>> attributes = new HashMap<>();

    /// @param name the file's, for errors
    H5Objects(String name, HdfFile file, H5Metered storage, long fileSize) {
        this.name = name;
        this.file = file;
        this.storage = storage;
        this.fileSize = fileSize;
    }

    /// Address of the root group.
    long root() {
        return file.getAddress();
    }

    ObjectHeader header(long address) {
        storage.beginHeader();
        try {
            return ObjectHeader.readObjectHeader(storage, address);
        } finally {
            storage.endHeader();
        }
    }

    boolean isDataset(long address) {
        return header(address).hasMessageOfType(DataLayoutMessage.class);
    }

    Dataset dataset(long address, String path) {
        return DatasetLoader.createDataset(storage, header(address), path, file);
    }

    /// The links of a group by name; none of a data set.
    Map<String, Link> links(long address, String path) {
        final Map<String, Link> known = links.get(address);
        if (known != null) {
            return known;
        }
        final ObjectHeader header = header(address);
        final Map<String, Link> found = new LinkedHashMap<>();
        if (header.hasMessageOfType(SymbolTableMessage.class)) {
            oldLinks(header.getMessageOfType(SymbolTableMessage.class), path, found);
        } else if (!header.hasMessageOfType(DataLayoutMessage.class)) {
            newLinks(header, found);
        }
        links.put(address, found);
        return found;
    }

    private void oldLinks(SymbolTableMessage table, String path, Map<String, Link> found) {
        checkTree(table.getBTreeAddress(), storage.getSizeOfLengths(), "a group on the way to '" + path + "'");
        final ByteBuffer names = new LocalHeap(storage, table.getLocalHeapAddress()).getDataBuffer();
        for (long child :
                BTreeV1.createGroupBTree(storage, table.getBTreeAddress()).getChildAddresses()) {
            for (SymbolTableEntry entry : new GroupSymbolTableNode(storage, child).getSymbolTableEntries()) {
                if (entry.getCacheType() < 0 || entry.getCacheType() > MOST_ENTRY) {
                    throw new IllegalStateException("an unknown kind of link, " + entry.getCacheType());
                }
                final boolean soft = entry.getCacheType() == SOFT_ENTRY;
                found.put(
                        text(names, entry.getLinkNameOffset()),
                        new Link(
                                entry.getObjectHeaderAddress(),
                                soft ? text(names, entry.getLinkValueOffset()) : null,
                                false));
            }
        }
    }

    /// A text that ends with a zero.
    private String text(ByteBuffer heap, int from) {
        int end = from;
        while (heap.get(end) != 0) {
            end++;
        }
        storage.spend(end - from);
        return StandardCharsets.UTF_8.decode(heap.slice(from, end - from)).toString();
    }

    private void newLinks(ObjectHeader header, Map<String, Link> found) {
        final LinkInfoMessage info = header.getMessageOfType(LinkInfoMessage.class);
        if (info.getBTreeNameIndexAddress() == UNDEFINED) {
            for (LinkMessage link : header.getMessagesOfType(LinkMessage.class)) {
                put(link, found);
            }
            return;
        }
        final List<BTreeRecord> entries = records(info.getBTreeNameIndexAddress());
        final FractalHeap heap = new FractalHeap(storage, info.getFractalHeapAddress());
        for (BTreeRecord entry : entries) {
            if (!(entry instanceof LinkNameForIndexedGroupRecord link)) {
                throw new IllegalStateException("a tree of links that holds something else");
            }
            put(LinkMessage.fromBuffer(object(heap, link.getId()), storage.getSuperblock()), found);
        }
    }

    private static void put(LinkMessage link, Map<String, Link> found) {
        found.put(
                link.getLinkName(),
                switch (link.getLinkType()) {
                    case HARD -> new Link(link.getHardLinkAddress(), null, false);
                    case SOFT -> new Link(UNDEFINED, link.getSoftLink(), false);
                    case EXTERNAL -> new Link(UNDEFINED, null, true);
                });
    }

    /// The attributes of an object by name.
    Map<String, Attribute> attributes(long address) {
        final Map<String, Attribute> known = attributes.get(address);
        if (known != null) {
            return known;
        }
        final ObjectHeader header = header(address);
        final List<AttributeMessage> messages = new ArrayList<>();
        if (header.hasMessageOfType(AttributeInfoMessage.class)) {
            final AttributeInfoMessage info = header.getMessageOfType(AttributeInfoMessage.class);
            if (info.getFractalHeapAddress() != UNDEFINED) {
                final List<BTreeRecord> entries = records(info.getAttributeNameBTreeAddress());
                final FractalHeap heap = new FractalHeap(storage, info.getFractalHeapAddress());
                for (BTreeRecord entry : entries) {
                    if (!(entry instanceof AttributeNameForIndexedAttributesRecord attribute)) {
                        throw new IllegalStateException("a tree of attributes that holds something else");
                    }
                    messages.add(
                            new AttributeMessage(object(heap, attribute.getHeapId()), storage, attribute.getFlags()));
                }
            }
        }
        messages.addAll(header.getMessagesOfType(AttributeMessage.class));
        final Map<String, Attribute> found = new HashMap<>();
        for (AttributeMessage message : messages) {
            if (found.put(message.getName(), new AttributeImpl(storage, file, message)) != null) {
                throw new IllegalStateException(
                        "two attributes are named '" + H5Guard.shortened(message.getName()) + "'");
            }
        }
        attributes.put(address, found);
        return found;
    }

    /// The library makes room for as many records as a tree says that it has.
    private List<BTreeRecord> records(long address) {
        checkRecords(address);
        return new BTreeV2<>(storage, address).getRecords();
    }

    private void checkRecords(long address) {
        final int at = ADDRESS + storage.getSizeOfOffsets() + ROOT_RECORDS;
        final ByteBuffer head = storage.readBufferFromAddress(address, at + storage.getSizeOfLengths());
        final int size = Math.max(LEAST_RECORD, Short.toUnsignedInt(head.getShort(RECORD_SIZE)));
        final long count = number(head, at);
        if (count < 0 || count > fileSize / size) {
            throw new IllegalStateException(
                    "a tree of " + Long.toUnsignedString(count) + " records in a file of " + fileSize + " bytes");
        }
    }

    private long number(ByteBuffer bytes, int at) {
        return storage.getSizeOfLengths() == Long.BYTES ? bytes.getLong(at) : Integer.toUnsignedLong(bytes.getInt(at));
    }

    private ByteBuffer object(FractalHeap heap, ByteBuffer id) {
        if ((id.get(id.position()) >> KIND_SHIFT & KIND_MASK) == HUGE) {
            checkRecords(heap.getBTreeAddressOfHugeObjects());
        }
        final ByteBuffer object = heap.getId(id);
        storage.spend(object.remaining());
        return object;
    }

    /// Looks at the index of a data set's chunks before the library reads it.
    void checkChunks(ObjectHeader header, int rank, String path) {
        final DataLayoutMessage layout = header.getMessageOfType(DataLayoutMessage.class);
        if (layout instanceof ChunkedDataLayoutMessage old) {
            checkTree(old.getBTreeAddress(), Long.BYTES + Long.BYTES * (rank + 1), "'" + path + "'");
        } else if (layout instanceof ChunkedDataLayoutMessageV4 chunked) {
            if (chunked.getIndexingType() == ChunkedDataLayoutMessageV4.B_TREE_V2_INDEX) {
                checkRecords(chunked.getAddress());
            } else if (chunked.getIndexingType() == ChunkedDataLayoutMessageV4.EXTENSIBLE_ARRAY_INDEX) {
                checkElements(chunked.getAddress());
            }
        }
    }

    private void checkElements(long address) {
        final int size = storage.getSizeOfLengths();
        final ByteBuffer head = storage.readBufferFromAddress(address, COUNTS + ALL_COUNTS * size);
        for (int i = ELEMENT_COUNTS; i < ALL_COUNTS; i++) {
            final long count = number(head, COUNTS + i * size);
            if (count < 0 || count > fileSize) {
                throw new IllegalStateException(
                        "a list of " + Long.toUnsignedString(count) + " chunks in a file of " + fileSize + " bytes");
            }
        }
    }

    private void checkTree(long root, int keyBytes, String what) {
        H5Tree.check(storage::readBufferFromAddress, root, keyBytes, storage.getSizeOfOffsets(), name + ": " + what);
    }
}
